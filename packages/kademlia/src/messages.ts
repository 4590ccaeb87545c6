import type { PeerInfo, Target } from './contact.ts'
import type { WallMillis } from './time.ts'

/**
 * The protocol's messages as the machine sees them: peers are contacts, keys are hashed. Bytes, varints and
 * hashing are the business of whoever stands at its edge (`@vicinity/wire` and the driver).
 */
export type Request =
  | { readonly type: 'FIND_NODE'; readonly target: Target }
  | { readonly type: 'GET_VALUE'; readonly target: Target }
  | { readonly type: 'PUT_VALUE'; readonly target: Target; readonly record: ValueRecord | undefined }
  | { readonly type: 'GET_PROVIDERS'; readonly target: Target }
  | { readonly type: 'ADD_PROVIDER'; readonly target: Target; readonly providers: readonly PeerInfo[] }
  | { readonly type: 'PING' }

/** An answer. `closer` is in the sender's order and at most `limits.closerPeersRead` long. */
export type Response =
  | { readonly type: 'FIND_NODE'; readonly closer: readonly PeerInfo[] }
  | { readonly type: 'GET_VALUE'; readonly closer: readonly PeerInfo[]; readonly record: ValueRecord | undefined }
  | { readonly type: 'GET_PROVIDERS'; readonly closer: readonly PeerInfo[]; readonly providers: readonly PeerInfo[] }
  | { readonly type: 'PUT_VALUE'; readonly record: ValueRecord | undefined }
  | { readonly type: 'PING' }

export interface ValueRecord {
  readonly key: Uint8Array
  readonly value: Uint8Array
  /** When the receiver stored it; unset where nobody has. */
  readonly received: WallMillis | undefined
}
