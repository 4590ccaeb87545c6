/**
 * `vicinity node`: a peer without a person at it. Standard output carries the Kademlia checkpoint's lines and nothing
 * else (under `--json` one object an event); whatever a person wants to know besides goes to standard error.
 */
import { setImmediate } from 'node:timers/promises'
import { enable } from '@libp2p/logger'
import { classifyAddresses, createPeer, endEscaped, generateIdentity, loadIdentity, onEscape, reasonOf } from '@vicinity/peer'
import { escapeRemote } from '@vicinity/peer/escape'
import { jsonFailure, lineFailure } from '../failure.ts'
import { LineWriter, talk } from '../output.ts'
import { trimMemory } from '../memory.ts'
import { endRecording, startRecording } from '../recording.ts'
import { jsonReporter, lineReporter, stoppingLine, talkReporter } from '../reporters.ts'
import type { AddressText, Peer } from '@vicinity/peer'
import type { Failure } from '../failure.ts'
import type { Host } from '../host.ts'
import type { nodeOptions, Setting, Values } from '../options.ts'
import type { TraceFile } from '../trace-file.ts'

type NodeSettings = Values<typeof nodeOptions>

/** Runs until a signal asks it to stop: 0. When it cannot start, says why: 1. */
export async function runNode(settings: NodeSettings, host: Host): Promise<0 | 1> {
  const out = new LineWriter(1, () => {
    host.requestStop()
  })
  const fail = settings.json ? jsonFailure : lineFailure
  host.stoppingLine = settings.json ? stoppingLine.json : stoppingLine.lines
  host.fail = fail
  host.endEscaped = endEscaped
  onEscape(({ error, address, count }) => {
    const what =
      address === undefined ? 'A fault in a dependency was ignored' : `A fault in a dependency ended the connection to ${address}`
    talk.line(`${what}: ${escapeRemote(reasonOf(error))} (${count} so far; each reason is told once).`)
  })
  if (settings.log !== undefined) {
    enable(settings.log)
  }

  // Loading libp2p gave the event loop no turn: a signal that came meanwhile is heard here.
  await setImmediate()

  let peer: Peer
  let trace: TraceFile | undefined
  try {
    trace = startRecording(settings.record)
    peer = await preparePeer(settings, trace)
  } catch (error) {
    await endRecording(settings.record, trace)
    fail(error)
    return 1
  }
  peer.on(settings.json ? jsonReporter(out) : lineReporter(out))
  peer.on(talkReporter(peer, settings))
  host.running = true
  const untrim = trimMemory()
  const exitCode = await runPeer(peer, host.stop, fail)
  untrim()
  await endRecording(settings.record, trace)
  return exitCode
}

async function runPeer(peer: Peer, stop: AbortSignal, fail: Failure): Promise<0 | 1> {
  let exitCode: 0 | 1 = 0
  try {
    await peer.start({ signal: stop })
    await aborted(stop)
  } catch (error) {
    // Being stopped while starting is not a failure.
    if (!stop.aborted) {
      fail(error)
      exitCode = 1
    }
  }
  await peer.stop()
  return exitCode
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) {
    await new Promise<void>(resolve => {
      signal.addEventListener(
        'abort',
        () => {
          resolve()
        },
        { once: true }
      )
    })
  }
}

/** Everything that can be wrong with the settings is found here, before anything is opened. */
async function preparePeer(settings: NodeSettings, trace: TraceFile | undefined): Promise<Peer> {
  const { dial } = settings
  const addresses = await classifyAddresses({
    LISTEN_ADDRS: addressText(settings.listen),
    BOOTSTRAP_PEERS: addressText(settings.bootstrap),
    REMOTE_PEERS: addressText(dial.filter(({ source }) => source === 'REMOTE_PEERS')),
    // The flag, like this variable, only dials.
    REMOTE_PEER: addressText(dial.filter(({ source }) => source !== 'REMOTE_PEERS'))
  })
  const file = settings['key-file']
  const keyType = settings['key-type']
  return await createPeer('headless', {
    privateKey:
      file === undefined
        ? await generateIdentity(keyType)
        : await loadIdentity(file, { keyType, warn: warning => talk.line(`Warning: ${warning}.`) }),
    ...addresses,
    network: settings.network,
    protocol: settings.protocol,
    payload: settings.payload,
    unsigned: settings.unsigned,
    mdns: settings.mdns,
    trace
  })
}

/** All that one flag or variable gave, as one comma-separated list. */
function addressText(settings: readonly Setting[]): AddressText | undefined {
  const first = settings[0]
  return first === undefined ? undefined : { source: first.source, text: settings.map(({ text }) => text).join(',') }
}
