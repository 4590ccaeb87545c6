/**
 * The Kademlia checkpoint's vocabulary: which events have a line on standard output, and its exact words
 * (Universal Connectivity workshop, lesson 7). Graders read these lines, so nothing else may stand there.
 */
import { escapeField, escapeRemote } from './escape.ts'
import type { PeerEvent } from './events.ts'
import { unreachable } from './unreachable.ts'

/** The line of an event, without its line end; `undefined` when the vocabulary has none for it. */
export function checkpointLine(event: PeerEvent): string | undefined {
  switch (event.type) {
    case 'bootstrap-adding':
      return `Adding bootstrap peer: ${event.address}`
    case 'bootstrap-failed':
      // One line a peer: the retries are for standard error.
      return event.attempt === 1
        ? `Failed to connect to bootstrap node ${event.address}: ${escapeRemote(event.reason)}`
        : undefined
    case 'subscribed':
      return `Subscribed to topic: ${event.topic}`
    case 'dht-started':
      return 'Kademlia DHT service started'
    case 'bootstrap-started':
      return 'Starting Kademlia bootstrap process'
    case 'bootstrap-done':
      return 'bootstrap'
    case 'bootstrap-error':
      return errorLine(`Bootstrap failed: ${event.reason}`)
    case 'incoming':
      return `incoming,${event.local},${event.remote}`
    case 'connected':
      return `connected,${event.peer},${event.address}`
    case 'closed':
      return `closed,${event.peer}`
    case 'identify':
      return `identify,${event.peer},${escapeField(event.protocolVersion)},${escapeRemote(event.agent)}`
    case 'ping':
      return `ping,${event.peer},${event.ms} ms`
    case 'routing-update':
      return event.change === 'added' ? `kademlia,routing_update,new ${event.peer}` : undefined
    case 'closest-peers':
      return `kademlia,closestpeers,${event.count}`
    case 'message':
      return `msg,${event.from ?? 'unsigned'},${escapeRemote(event.topic)},${shortened(event.text)}`
    case 'undecodable':
      return errorLine(`Failed to decode message: ${event.reason}`)
    case 'stopping':
      return 'Shutting down...'
    case 'starting':
    case 'listening':
    case 'dial-failed':
    case 'started':
    case 'ping-failed':
    case 'peer-subscribed':
    case 'peer-unsubscribed':
    case 'greeted':
    case 'messages-left-out':
    case 'stopped':
      return undefined
    default:
      return unreachable(event)
  }
}

/** Characters of a message that its line shows. */
const textMax = 4_096

function shortened(text: string): string {
  if (text.length <= textMax) {
    return escapeRemote(text)
  }

  // A character of two code units is not cut in half.
  const end = /[\uD800-\uDBFF]/.test(text[textMax - 1] ?? '') ? textMax - 1 : textMax
  return `${escapeRemote(text.slice(0, end))}… (${text.length - end} more characters)`
}

/** The line of an error that ends the program, or of one that it survives. */
export function errorLine(reason: string): string {
  return `error,${escapeRemote(reason)}`
}
