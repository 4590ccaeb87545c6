/**
 * The errors of this package. Each says what failed, why, and what to do; `code` is stable, the words are not.
 */

/** A key file that cannot be used, or one that must not be overwritten. The file is as it was. */
export class IdentityError extends Error {
  override readonly name = 'IdentityError'
  readonly code: IdentityErrorCode
  readonly file: string

  constructor(code: IdentityErrorCode, file: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
    this.file = file
  }
}

export type IdentityErrorCode =
  | 'ERR_IDENTITY_MISSING'
  | 'ERR_IDENTITY_UNREADABLE'
  | 'ERR_IDENTITY_EMPTY'
  | 'ERR_IDENTITY_CORRUPT'
  | 'ERR_IDENTITY_KEY_TYPE'
  | 'ERR_IDENTITY_EXISTS'
  | 'ERR_IDENTITY_UNWRITABLE'

/** An address that cannot be used: found before anything starts. */
export class AddressError extends Error {
  override readonly name = 'AddressError'
  readonly code: AddressErrorCode
  /** The item as it was written. */
  readonly item: string
  /** The variable or flag that it came from. */
  readonly source: string

  constructor(code: AddressErrorCode, item: string, source: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
    this.item = item
    this.source = source
  }
}

export type AddressErrorCode =
  | 'ERR_ADDRESS_INVALID'
  | 'ERR_ADDRESS_UNSUPPORTED'
  | 'ERR_ADDRESS_NOT_LISTENABLE'
  | 'ERR_ADDRESS_NOT_DIALLABLE'
  | 'ERR_ADDRESS_CONFLICT'

/** A peer that cannot start. */
export class PeerError extends Error {
  override readonly name = 'PeerError'
  readonly code: PeerErrorCode

  constructor(code: PeerErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

export type PeerErrorCode =
  | 'ERR_PORT_IN_USE'
  | 'ERR_PORT_PERMISSION'
  | 'ERR_ADDRESS_NOT_AVAILABLE'
  | 'ERR_LISTEN'
  | 'ERR_MESSAGE_TOO_LONG'
  | 'ERR_STATE'
