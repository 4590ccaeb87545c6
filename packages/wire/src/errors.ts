/**
 * The one error that bytes from outside can cause here. Whatever a peer sends, decoding and framing throw this or
 * nothing; any other exception is a bug of ours.
 */

/**
 * Stable names of what can be wrong with bytes:
 * - `ERR_FRAME_TOO_LARGE`: a length prefix announces more than the reader accepts
 * - `ERR_VARINT`: a varint that matters is over 9 bytes or not in its shortest form
 * - `ERR_TRUNCATED`: a field says it is longer than what is left
 * - `ERR_MALFORMED`: a tag that protobuf does not allow, or a group
 * - `ERR_MESSAGE_TYPE`: a message type that the protocol does not have
 * - `ERR_KEY_TOO_LONG`: the key of a message or of a record
 * - `ERR_VALUE_TOO_LARGE`: the value of a record
 */
export type WireErrorCode =
  | 'ERR_FRAME_TOO_LARGE'
  | 'ERR_VARINT'
  | 'ERR_TRUNCATED'
  | 'ERR_MALFORMED'
  | 'ERR_MESSAGE_TYPE'
  | 'ERR_KEY_TOO_LONG'
  | 'ERR_VALUE_TOO_LARGE'

/**
 * Bytes that are not what the protocol says. There is nothing to repair: the sender is at fault, and the stream they
 * came on should be reset, for where the next message would begin is not known either.
 */
export class WireError extends Error {
  override readonly name = 'WireError'
  readonly code: WireErrorCode

  constructor(code: WireErrorCode, message: string) {
    super(message)
    this.code = code
  }
}
