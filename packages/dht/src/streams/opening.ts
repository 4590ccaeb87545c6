import type { Connection, PeerId, PeerStore, Stream } from '@libp2p/interface'
import type { ConnectionManager } from '@libp2p/interface-internal'
import type { Multiaddr } from '@multiformats/multiaddr'
import { RequestError } from './errors.ts'

export interface OpeningComponents {
  readonly connectionManager: Pick<ConnectionManager, 'getConnections' | 'openConnection'>
  readonly peerStore: Pick<PeerStore, 'get'>
}

export interface OpeningOptions {
  readonly protocol: string
  /** For a protocol that we have no handler for; otherwise the handler's own limit applies, per connection. */
  readonly maxOutboundStreams: number
  readonly addressesDialled: number
  readonly signal: AbortSignal
}

/**
 * A negotiated stream to `peer`, over a connection that is there or one made with `addresses`. Without any it dials
 * what the peer store knows. It never looks a peer up: that would be a lookup inside a lookup.
 *
 * js-libp2p 3 always negotiates in full (`negotiateFully` is read by nothing), so a new stream costs a round trip.
 *
 * @throws {RequestError}
 */
export async function openStream(
  components: OpeningComponents,
  peer: PeerId,
  addresses: readonly Multiaddr[],
  options: OpeningOptions
): Promise<Stream> {
  const { protocol, maxOutboundStreams, signal } = options
  // A muxer cannot open a stream while it reads: if the same bytes end its connection, it throws where nobody can catch.
  await nextTurn()
  signal.throwIfAborted()
  const existing = usableConnection(components.connectionManager.getConnections(peer))
  if (existing !== undefined) {
    try {
      return await existing.newStream(protocol, { signal, maxOutboundStreams })
    } catch (error) {
      if (!wasClosed(error)) {
        throw fromNegotiation(error)
      }
    }
  }

  const connection = await dial(components, peer, addresses, options)
  try {
    return await connection.newStream(protocol, { signal, maxOutboundStreams })
  } catch (error) {
    throw fromNegotiation(error)
  }
}

/** Resolves in a turn of the event loop of its own, when whatever event led here has been handled. */
async function nextTurn(): Promise<void> {
  await new Promise<void>(resolve => {
    if (typeof setImmediate === 'function') {
      setImmediate(resolve)
    } else {
      setTimeout(resolve, 0)
    }
  })
}

/** Not one through a relay that limits it: those are for making a direct one. */
function usableConnection(connections: readonly Connection[]): Connection | undefined {
  let indirect: Connection | undefined
  for (const connection of connections) {
    if (connection.status === 'open' && connection.limits === undefined) {
      if (connection.direct) {
        return connection
      }

      indirect ??= connection
    }
  }

  return indirect
}

async function dial(
  { connectionManager, peerStore }: OpeningComponents,
  peer: PeerId,
  addresses: readonly Multiaddr[],
  { addressesDialled, signal }: OpeningOptions
): Promise<Connection> {
  try {
    const known = addresses.length > 0 ? addresses : await storedAddresses(peerStore, peer, signal)
    const targets = dialTargets(peer, known, addressesDialled)
    if (targets.length === 0) {
      throw new RequestError('dial', `no address of ${peer} is known`)
    }

    return await connect(connectionManager, targets, signal)
  } catch (error) {
    throw fromDial(error, peer)
  }
}

/** Once more if the dial we joined was another's and was given up by them just then. */
async function connect(
  connectionManager: OpeningComponents['connectionManager'],
  targets: Multiaddr[],
  signal: AbortSignal
): Promise<Connection> {
  try {
    return await connectionManager.openConnection(targets, { signal })
  } catch (error) {
    if (nameOf(error) !== 'AbortError' || signal.aborted) {
      throw error
    }

    return await connectionManager.openConnection(targets, { signal })
  }
}

async function storedAddresses(peerStore: Pick<PeerStore, 'get'>, peer: PeerId, signal: AbortSignal): Promise<Multiaddr[]> {
  try {
    const { addresses } = await peerStore.get(peer, { signal })
    return addresses.map(address => address.multiaddr)
  } catch (error) {
    if (nameOf(error) === 'NotFoundError') {
      return []
    }

    throw error
  }
}

/** The first `limit` addresses, each ending in the peer's id; those that end in another's are left out. */
export function dialTargets(peer: PeerId, addresses: readonly Multiaddr[], limit: number): Multiaddr[] {
  const id = peer.toString()
  const targets: Multiaddr[] = []
  for (const address of addresses) {
    if (targets.length === limit) {
      break
    }

    const last = address.getComponents().at(-1)
    if (last?.name !== 'p2p') {
      targets.push(address.encapsulate(`/p2p/${id}`))
    } else if (last.value === id) {
      targets.push(address)
    }
  }

  return targets
}

/** The connection went away between being chosen and being used: nobody's fault, another is made. */
function wasClosed(error: unknown): boolean {
  const name = nameOf(error)
  return name === 'ConnectionClosedError' || name === 'ConnectionClosingError' || name === 'MuxerClosedError'
}

/** What went wrong while dialling. Whatever our own node refused counts against nobody. */
export function fromDial(error: unknown, peer: PeerId): RequestError {
  if (error instanceof RequestError) {
    return error
  }

  return isOurs(error)
    ? new RequestError('local', `${peer} was not dialled: ${messageOf(error)}`, error)
    : new RequestError('dial', `${peer} could not be dialled: ${messageOf(error)}`, error)
}

const ourRefusals = new Set([
  'AbortError', // the caller, or libp2p is stopping
  'NotStartedError',
  'DialDeniedError', // our connection gater
  'InvalidPeerIdError', // ourselves
  'InvalidParametersError',
  'InvalidMultiaddrError'
])

// the operating system has no more of something that dialling takes
const ourExhaustion = new Set(['EMFILE', 'ENFILE', 'ENOBUFS', 'ENOMEM', 'EADDRNOTAVAIL'])

function isOurs(error: unknown): boolean {
  if (error instanceof AggregateError) {
    return error.errors.length > 0 && error.errors.every(isOurs)
  }

  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (ourRefusals.has(nameOf(error)) || (typeof code === 'string' && ourExhaustion.has(code))) {
    return true
  }

  // libp2p has one name for this and for dials that failed
  return nameOf(error) === 'DialError' && messageOf(error) === 'Dial queue is full'
}

/** What went wrong on a connection that is there, before the protocol was agreed on. */
export function fromNegotiation(error: unknown): RequestError {
  switch (nameOf(error)) {
    case 'UnsupportedProtocolError':
      return new RequestError('unsupported', 'the peer does not speak the protocol', error)
    case 'TooManyOutboundProtocolStreamsError':
    case 'AbortError':
      return new RequestError('local', `no stream was opened: ${messageOf(error)}`, error)
    case 'LimitedConnectionError':
      return new RequestError('dial', 'only a limited connection through a relay could be made', error)
    case 'InvalidMessageError':
    case 'InvalidMessageLengthError':
    case 'InvalidDataLengthError':
    case 'InvalidDataLengthLengthError':
      return new RequestError('malformed', 'the peer does not negotiate as it should', error)
    default:
      return new RequestError('reset', `no stream could be opened: ${messageOf(error)}`, error)
  }
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : ''
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
