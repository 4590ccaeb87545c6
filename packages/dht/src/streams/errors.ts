/**
 * Why a request has no answer, as the machine counts it:
 * - `dial`: no connection to the peer could be made with the addresses there were;
 * - `unsupported`: the peer does not speak the protocol;
 * - `reset`: the stream or its connection ended before the answer was complete;
 * - `malformed`: what came is not an answer;
 * - `local`: our own abort, our own limits, our own stop. Counts against nobody.
 */
export type FailureReason = 'dial' | 'unsupported' | 'reset' | 'malformed' | 'local'

/** A request that has no answer. `cause` is what libp2p or the decoder said, where one of them did. */
export class RequestError extends Error {
  override readonly name = 'RequestError'
  readonly reason: FailureReason
  readonly code: `ERR_REQUEST_${Uppercase<FailureReason>}`

  constructor(reason: FailureReason, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.reason = reason
    this.code = `ERR_REQUEST_${reason.toUpperCase() as Uppercase<FailureReason>}`
  }
}

/** Why a stream that a peer opened was reset; `code` is what is counted. */
export class ServeError extends Error {
  override readonly name = 'ServeError'
  readonly code: `ERR_SERVE_${Uppercase<ResetReason>}`

  constructor(reason: ResetReason, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = `ERR_SERVE_${reason.toUpperCase() as Uppercase<ResetReason>}`
  }
}

/**
 * - `malformed`: a frame or message that cannot be read, or half of one before the end;
 * - `refused`: the handler would not answer it;
 * - `crowded`: too many streams, of this peer or in all;
 * - `throttled`: held back by its rate for too long;
 * - `stalled`: it takes no answer, begins a request it does not end, or does not close after us;
 * - `flooded`: sent more ahead than we keep;
 * - `stopped`: we stopped.
 */
export type ResetReason = 'malformed' | 'refused' | 'crowded' | 'throttled' | 'stalled' | 'flooded' | 'stopped'
