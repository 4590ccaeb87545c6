/** A message that the protocol does not know, though its bytes are well formed. */
export class MessageError extends Error {
  override readonly name = 'MessageError'
  readonly code = 'ERR_INVALID_MESSAGE'
}

/** A query could not run, or was ended from outside. */
export class QueryError extends Error {
  override readonly name = 'QueryError'
  readonly code: 'ERR_NOT_STARTED' | 'ERR_INVALID_KEY' | 'ERR_TOO_MANY_QUERIES' | 'ERR_NO_PEERS' | 'ERR_REQUEST_FAILED'

  constructor(code: QueryError['code'], message: string) {
    super(message)
    this.code = code
  }

  static notStarted(): QueryError {
    return new QueryError('ERR_NOT_STARTED', 'the DHT is not running: start the libp2p node first')
  }

  static invalidKey(length: number, most: number): QueryError {
    return new QueryError('ERR_INVALID_KEY', `a key has 1 to ${most} bytes, not ${length}`)
  }

  static tooMany(): QueryError {
    return new QueryError('ERR_TOO_MANY_QUERIES', 'too many DHT operations run at once: wait for some of them to end')
  }

  static noPeers(): QueryError {
    return new QueryError('ERR_NO_PEERS', 'no DHT server answered: connect to a peer that serves this protocol first')
  }
}
