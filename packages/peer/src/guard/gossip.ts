/**
 * GossipSub whose work for one peer is bounded before a signature is checked.
 *
 * RPCs come at a pace, and messages are handled one after the other, so a peer that sends faster waits. A message that is
 * larger than any we show is dropped unread. Invalid signatures and empty RPCs are offences.
 */
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import type { GossipSub } from '@libp2p/gossipsub'
import type { PeerId, Stream } from '@libp2p/interface'
import type { Uint8ArrayList } from 'uint8arraylist'
import { pacedFrames } from './frames.ts'
import type { Pace } from './frames.ts'
import { guardLimits } from './limits.ts'
import { wrap } from './wrap.ts'
import { Offences } from './offences.ts'
import { Recent } from './recent.ts'
import { Tokens } from './tokens.ts'

/** Options of `gossipsub` that the guard relies on. */
export const gossipOptions = {
  // A peer's next RPC is read when its last one is done with.
  awaitRpcHandler: true,
  awaitRpcMessageHandler: true,
  maxOutboundBufferSize: guardLimits.gossipOutboundBytes,
  maxInboundDataLength: guardLimits.rpcBytes
} as const

/** An RPC, as far as the guard looks at it. */
interface Rpc {
  readonly messages: readonly RpcMessage[]
  readonly subscriptions: readonly unknown[]
  readonly control?: unknown
}

interface RpcMessage {
  readonly data?: Uint8Array
  readonly signature?: Uint8Array
}

/** As much of the library's inside as is wrapped. */
interface Inside {
  readonly peers: ReadonlyMap<string, PeerId>
  readonly streamsInbound: Map<string, { close(): Promise<void> }>
  readonly score: { addPenalty(peer: string, penalty: number, label: string): void }
  readonly decodeRpcLimits: { maxMessages: number }
  isStarted(): boolean
  createInboundStream(peer: PeerId, stream: Stream): void
  pipePeerReadStream(peer: PeerId, source: AsyncIterable<Uint8ArrayList>): Promise<void>
  handleReceivedRpc(from: PeerId, rpc: Rpc): Promise<void>
  validateReceivedMessage(from: PeerId, message: RpcMessage): Promise<{ readonly code: string }>
}

export interface GossipGuardHooks {
  /** The largest payload that is of any use. */
  readonly payloadBytesMax: number
  /** A peer is to be closed and refused for a while. */
  cutOff(peer: string): void
}

export function guardGossip(service: GossipSub, hooks: GossipGuardHooks): GossipSub {
  const inside = service as unknown as Inside
  const paces = new Recent(guardLimits.peersWatched, () => ({
    frames: new Tokens(guardLimits.rpcs),
    bytes: new Tokens(guardLimits.rpcRateBytes),
    messages: new Tokens(guardLimits.messages)
  }))
  const offences = new Offences(peer => {
    hooks.cutOff(peer)
  })
  const offend = (peer: string): void => {
    inside.score.addPenalty(peer, 1, 'offence')
    offences.commit(peer)
  }

  Object.assign(inside.decodeRpcLimits, { maxMessages: guardLimits.rpcMessages })
  wrap(inside, 'createInboundStream', () => (peer, stream) => {
    const id = peer.toString()
    if (inside.isStarted() && inside.peers.has(id)) {
      readPaced(inside, peer, stream, {
        frameBytesMax: guardLimits.rpcBytes,
        ...paces.of(id),
        empty: () => {
          offend(id)
        }
      })
    }
  })
  wrap(inside, 'handleReceivedRpc', handle => async (from, rpc) => {
    const messages = rpc.messages.filter(({ data }) => (data?.byteLength ?? 0) <= hooks.payloadBytesMax)
    const tokens = paces.of(from.toString()).messages
    tokens.draw(messages.length)
    const waitMs = tokens.waitMs()
    if (waitMs > 0) {
      await sleep(waitMs, undefined, { ref: false })
    }

    for (const part of partsOf({ ...rpc, messages })) {
      await nextTurn()
      await handle(from as never, part as never)
    }
  })
  wrap(inside, 'validateReceivedMessage', validate => async (from, message) => {
    const result = await (validate(from as never, message as never) as Promise<{ readonly code: string }>)
    if (result.code === 'invalid' && message.signature !== undefined && 'error' in result) {
      offend(from.toString())
    }

    return result
  })
  return service
}

/** Reads a new inbound stream as the library does, but with paced frames. */
function readPaced(inside: Inside, peer: PeerId, stream: Stream, pace: Pace): void {
  const id = peer.toString()
  void inside.streamsInbound.get(id)?.close()
  inside.streamsInbound.set(id, {
    close: async () => {
      await stream.close().catch((error: Error) => {
        stream.abort(error)
      })
    }
  })
  void inside.pipePeerReadStream(peer, pacedFrames(stream, pace))
}

/** The RPC in parts of few messages, each in a turn of its own. */
function* partsOf(rpc: Rpc): Generator<Rpc, void, undefined> {
  const { messagesPerTurn } = guardLimits
  yield { ...rpc, messages: rpc.messages.slice(0, messagesPerTurn) }
  for (let at = messagesPerTurn; at < rpc.messages.length; at += messagesPerTurn) {
    yield { messages: rpc.messages.slice(at, at + messagesPerTurn), subscriptions: [] }
  }
}
