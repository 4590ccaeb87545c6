/**
 * Why something failed, in one line that a person understands. Errors of libp2p come wrapped, bundled, named after
 * the layer that noticed, or as events of a WebSocket; what matters is the first cause that says something.
 */

const byCode: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused: nobody listens there',
  ECONNRESET: 'connection reset',
  EPIPE: 'connection reset',
  ETIMEDOUT: 'timed out',
  EHOSTUNREACH: 'host unreachable',
  ENETUNREACH: 'network unreachable',
  ENOTFOUND: 'no such host name',
  ENODATA: 'no such host name',
  EAI_AGAIN: 'the host name could not be looked up'
}

const byName: Readonly<Record<string, string>> = {
  TimeoutError: 'timed out',
  AbortError: 'given up',
  UnexpectedPeerError: 'another peer than the one named is there',
  NoValidAddressesError: 'no transport for this address',
  TransportUnavailableError: 'no transport for this address',
  ConnectionClosedError: 'the other side closed the connection',
  StreamResetError: 'the other side reset the stream',
  UnsupportedProtocolError: 'the other side does not speak the protocol'
}

/** Wrong peer ids, as noise, TLS and QUIC word them: the id named and the one found, in either order. */
const wrongPeer: ReadonlyArray<{ readonly words: RegExp; readonly found: 1 | 2 }> = [
  { words: /identity key (\w+) does not match expected remote identity key (\w+)/, found: 1 },
  { words: /Dialed peer (\w+) but connected to (\w+)/, found: 2 }
]

const ownAddress = /dial self/i

/** How deep causes are followed. */
const depthMax = 8
/** Characters of an error's message that are shown. */
const lengthMax = 200

/** One line, without a full stop. */
export function reasonOf(error: unknown): string {
  const causes = [...unwrap(error, depthMax)]

  for (const cause of causes) {
    const known = knownReason(cause)
    if (known !== undefined) {
      return known
    }
  }

  // An error event of a WebSocket tells a page, and so Node too, nothing but that it failed.
  if (error instanceof Event) {
    return 'the WebSocket could not be opened: nobody listens there, or something else does'
  }

  const message = causes.map(messageOf).find(text => text !== '') ?? 'unknown reason'
  return message.length > lengthMax ? `${message.slice(0, lengthMax)}…` : message
}

/** The error, and what it bundles or was caused by, outermost first. */
function* unwrap(error: unknown, depth: number): Generator {
  if (error === undefined || error === null || depth === 0) {
    return
  }

  yield error
  if (typeof error !== 'object') {
    return
  }
  if ('errors' in error && Array.isArray(error.errors)) {
    for (const inner of error.errors.slice(0, depthMax)) {
      yield* unwrap(inner, depth - 1)
    }
  }
  if ('cause' in error) {
    yield* unwrap(error.cause, depth - 1)
  }
  if ('error' in error) {
    yield* unwrap(error.error, depth - 1)
  }
}

function knownReason(error: unknown): string | undefined {
  for (const { words, found } of wrongPeer) {
    const peer = words.exec(messageOf(error))?.[found]
    if (peer !== undefined) {
      return `another peer is there: ${peer}`
    }
  }

  if (ownAddress.test(messageOf(error))) {
    return 'that is this node itself'
  }
  if (typeof error !== 'object' || error === null) {
    return undefined
  }

  const code = 'code' in error && typeof error.code === 'string' ? byCode[error.code] : undefined
  return code ?? ('name' in error && typeof error.name === 'string' ? byName[error.name] : undefined)
}

function messageOf(error: unknown): string {
  const text = error instanceof Error ? error.message : typeof error === 'string' ? error : ''
  return text.split('\n')[0]?.trim() ?? ''
}
