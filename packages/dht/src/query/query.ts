import { AbortError } from '@libp2p/interface'
import type { PeerId, RoutingOptions } from '@libp2p/interface'
import { unreachable } from '@vicinity/kademlia'
import type { LookupResult, Operation, Outcome, ProgressEvent } from '@vicinity/kademlia'
import { pushable } from 'it-pushable'
import { peerIdOf, toLibp2pPeer } from '../contacts.ts'
import type { Driver } from '../driver.ts'
import { QueryError } from '../errors.ts'
import { EventTypes, progressName } from './events.ts'
import type { DisjointPath, QueryEvent } from './events.ts'

/** Whether a request to a peer needs a new connection. */
export type IsConnected = (peer: PeerId) => boolean

/**
 * Runs one lookup and yields its events as they happen. Ends with the last of them; breaking out of the loop, or the
 * caller's signal, ends the lookup and every request it has in flight.
 *
 * @param results - the final events of a lookup that ended; `answeredBy` gave the last answer.
 * @throws AbortError when the signal aborts, QueryError when the DHT does not run or too much else does.
 */
export async function* runQuery(
  driver: Driver,
  operation: Operation,
  options: RoutingOptions,
  isConnected: IsConnected,
  results: (result: LookupResult, answeredBy: PeerId | undefined) => QueryEvent[]
): AsyncGenerator<QueryEvent, void, undefined> {
  const { signal } = options
  signal?.throwIfAborted()
  const events = pushable<QueryEvent>({ objectMode: true })
  const emit = (event: QueryEvent): void => {
    try {
      options.onProgress?.(new CustomEvent(progressName(event), { detail: event }))
      events.push(event)
    } catch (error) {
      // the caller's own mistake ends the caller's query, and nobody else's
      events.end(error instanceof Error ? error : new Error(String(error)))
    }
  }
  let answeredBy: PeerId | undefined

  const cancel = driver.start(operation, {
    progress(event) {
      answeredBy = event.type === 'answered' ? peerIdOf(event.peer.contact) : answeredBy
      translate(event, isConnected).forEach(emit)
    },
    finished(outcome) {
      finish(outcome, emit, result => results(result, answeredBy))
      events.end(errorOf(outcome))
    }
  })
  const onAbort = (): void => {
    events.end(new AbortError())
    cancel()
  }
  signal?.addEventListener('abort', onAbort, { once: true })

  try {
    yield* events
  } finally {
    signal?.removeEventListener('abort', onAbort)
    cancel()
  }
}

function finish(outcome: Outcome, emit: (event: QueryEvent) => void, results: (result: LookupResult) => QueryEvent[]): void {
  if (outcome.type !== 'lookup') {
    return
  }

  const { requests } = outcome.result
  emit({ name: 'PATH_ENDED', type: EventTypes.PATH_ENDED, path: { index: 0, queued: 0, running: 0, total: requests } })
  results(outcome.result).forEach(emit)
}

function errorOf(outcome: Outcome): Error | undefined {
  if (outcome.type === 'refused' && outcome.reason === 'full') {
    return QueryError.tooMany()
  }

  const stopped = outcome.type === 'refused' || (outcome.type === 'lookup' && outcome.result.reason === 'stopped')
  return stopped ? QueryError.notStarted() : undefined
}

function translate(event: ProgressEvent, isConnected: IsConnected): QueryEvent[] {
  const peer = peerIdOf(event.peer.contact)
  const path: DisjointPath = { index: 0, ...event.path }
  switch (event.type) {
    case 'asked': {
      const sent: QueryEvent = {
        name: 'SEND_QUERY',
        type: EventTypes.SEND_QUERY,
        to: peer,
        messageName: 'FIND_NODE',
        messageType: 'FIND_NODE',
        path
      }
      return isConnected(peer) ? [sent] : [{ name: 'DIAL_PEER', type: EventTypes.DIAL_PEER, peer, path }, sent]
    }
    case 'answered':
      return [
        {
          name: 'PEER_RESPONSE',
          type: EventTypes.PEER_RESPONSE,
          from: peer,
          messageName: 'FIND_NODE',
          messageType: 'FIND_NODE',
          closer: event.closer.map(toLibp2pPeer),
          providers: [],
          path
        }
      ]
    case 'failed': {
      const error = new QueryError('ERR_REQUEST_FAILED', `asking ${event.peer.contact.id} failed: ${event.reason}`)
      return [{ name: 'QUERY_ERROR', type: EventTypes.QUERY_ERROR, from: peer, error, path }]
    }
    case 'late':
      // it may still answer; the interface has no event for that
      return []
    default:
      return unreachable(event)
  }
}
