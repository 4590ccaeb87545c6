/** What becomes of a peer's events: the checkpoint's lines or JSON on standard output, and talk on standard error. */
import { checkpointLine } from '@vicinity/peer'
import { escapeRemote } from '@vicinity/peer/escape'
import { nodeCommand, quoted } from './invocation.ts'
import { nodeOptions } from './options.ts'
import { styled, talk } from './output.ts'
import type { Peer, PeerEvent, PeerListener } from '@vicinity/peer'
import type { Values } from './options.ts'
import type { LineWriter } from './output.ts'

/**
 * What we say when we are told to stop. The entry says it before anything is loaded, so the reporters leave out the event:
 * the line has been said by then.
 */
export const stoppingLine = { lines: 'Shutting down...', json: JSON.stringify({ type: 'stopping' }) } as const

/** The checkpoint's lines, in its exact words. */
export function lineReporter(out: LineWriter): PeerListener {
  return event => {
    const line = event.type === 'stopping' ? undefined : checkpointLine(event)
    if (line !== undefined) {
      out.line(line)
    }
  }
}

/** Every event as it is. */
export function jsonReporter(out: LineWriter): PeerListener {
  return event => {
    if (event.type !== 'stopping') {
      out.line(JSON.stringify(event))
    }
  }
}

/** What the checkpoint has no line for and a person wants to know; in the end, how to join. */
export function talkReporter(peer: Peer, settings: JoinSettings): PeerListener {
  return event => {
    const lines = event.type === 'started' ? joinLines(peer.addresses.map(String), settings) : talkLines(event)
    for (const line of lines) {
      talk.line(line)
    }
  }
}

/** Of our settings, those that whoever joins has to share. */
export type JoinSettings = Pick<Values<typeof nodeOptions>, 'protocol' | 'network'>

function talkLines(event: PeerEvent): string[] {
  switch (event.type) {
    case 'starting':
      return [`Peer ${event.peer}`]
    case 'listening':
      return [`Listening on ${event.address}`]
    case 'dial-failed':
      return [`No connection to ${event.address}: ${escapeRemote(event.reason)}. Trying again in ${seconds(event.retryMs)}.`]
    case 'bootstrap-failed':
      return [
        event.attempt === 1
          ? `Trying ${event.address} again in ${seconds(event.retryMs)}.`
          : `Still no connection to ${event.address} (${escapeRemote(event.reason)}). Trying again in ${seconds(event.retryMs)}.`
      ]
    default:
      return []
  }
}

function seconds(ms: number): string {
  return `${Math.round(ms / 100) / 10} s`
}

/** The addresses once more, after all that the start had to say, and the command that joins through the handiest one. */
function joinLines(addresses: readonly string[], settings: JoinSettings): string[] {
  const address = handiest(addresses)
  if (address === undefined) {
    return [styled('green', 'Ready. Nobody can join through this node: it listens on no address.')]
  }
  return [
    styled('green', addresses.length === 1 ? 'Ready, reachable at' : 'Ready, reachable at any of'),
    ...addresses.map(one => `  ${one}`),
    'To join from a second terminal:',
    `  ${styled('bold', [nodeCommand(), '--bootstrap', quoted(address), ...sharedFlags(settings)].join(' '))}`
  ]
}

function sharedFlags(settings: JoinSettings): string[] {
  return (['protocol', 'network'] as const)
    .filter(name => settings[name] !== nodeOptions[name].default)
    .flatMap(name => [`--${name}`, quoted(settings[name])])
}

/** One that works on this machine at once and that every libp2p implementation can dial. */
function handiest(addresses: readonly string[]): string | undefined {
  const preferences: readonly RegExp[] = [
    /^\/ip4\/127\.0\.0\.1\/tcp\/\d+\/p2p\//,
    /\/tcp\/\d+\/p2p\//,
    /^\/ip4\/127\.0\.0\.1\/udp\/\d+\/quic-v1\/p2p\//,
    /./
  ]
  for (const preference of preferences) {
    const found = addresses.find(address => preference.test(address))
    if (found !== undefined) {
      return found
    }
  }
  return undefined
}
