/** A stranger: a libp2p node whose identify and DHT say whatever the case wants, and that writes raw bytes on any protocol. */
import { generateKeyPair, publicKeyToProtobuf } from '@libp2p/crypto/keys'
import type { Connection, PrivateKey, Stream } from '@libp2p/interface'
import { noise } from '@libp2p/noise'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import type { Libp2p } from 'libp2p'
import { concat, field, framed, utf8 } from './protobuf.ts'

export const kad = '/ipfs/kad/1.0.0'
export const identifyPush = '/ipfs/id/push/1.0.0'
export const gossip = '/meshsub/1.1.0'
const identify = '/ipfs/id/1.0.0'

export interface Lies {
  /** The identify answer, in frames; by default the truth. */
  readonly identify?: (self: PrivateKey) => Promise<Uint8Array> | Uint8Array
  /** The answer to FIND_NODE, in frames; without it the stranger serves no DHT. */
  readonly findNode?: () => Promise<Uint8Array>
}

export class Attacker {
  readonly key: PrivateKey
  readonly #node: Libp2p
  readonly #connection: Connection
  /** Resolves when the target has asked who we are, and has asked the DHT if it was told that there is one. */
  readonly asked: Promise<void>

  private constructor(key: PrivateKey, node: Libp2p, connection: Connection, asked: Promise<void>) {
    this.key = key
    this.#node = node
    this.#connection = connection
    this.asked = asked
  }

  static async connect(target: string, lies: Lies): Promise<Attacker> {
    const key = await generateKeyPair('Ed25519')
    const node = await createLibp2p({
      privateKey: key,
      addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
      transports: [tcp()],
      connectionEncrypters: [noise()],
      streamMuxers: [yamux()],
      connectionMonitor: { enabled: false }
    })
    const { promise: identified, resolve: onIdentified } = Promise.withResolvers<void>()
    const { promise: answered, resolve: onAnswered } = Promise.withResolvers<void>()
    const said = (await lies.identify?.(key)) ?? truth(key, node.getMultiaddrs()[0]?.bytes, lies.findNode !== undefined)
    await node.handle(identify, async stream => {
      await write(stream, said)
      onIdentified()
    })
    await node.handle(gossip, () => {})
    await node.handle(identifyPush, () => {})
    if (lies.findNode !== undefined) {
      const findNode = await lies.findNode()
      await node.handle(kad, async stream => {
        // an answer that comes before its request is not believed
        await new Promise(resolve => stream.addEventListener('message', resolve, { once: true }))
        await write(stream, findNode)
        onAnswered()
      })
    }

    const connection = await node.dial(multiaddr(target))
    const asked = Promise.all([identified, ...(lies.findNode === undefined ? [] : [answered])]).then(() => {})
    return new Attacker(key, node, connection, asked)
  }

  /** Writes the bytes on a new stream of the protocol, and closes it. */
  async write(protocol: string, bytes: Uint8Array): Promise<void> {
    const stream = await this.#connection.newStream(protocol)
    // answers are not of interest, but would stop the stream if nobody read them
    stream.addEventListener('message', () => {})
    await write(stream, bytes)
  }

  async stop(): Promise<void> {
    await this.#node.stop()
  }
}

/** Identify as an honest peer answers it. */
function truth(key: PrivateKey, address: Uint8Array | undefined, serves: boolean): Uint8Array {
  return framed(
    concat([
      field(1, publicKeyToProtobuf(key.publicKey)),
      ...(address === undefined ? [] : [field(2, address)]),
      ...[identify, identifyPush, gossip, ...(serves ? [kad] : [])].map(protocol => field(3, utf8(protocol)))
    ])
  )
}

/** The target may reset the stream in the middle: that is its answer, and no failure of the benchmark. */
async function write(stream: Stream, bytes: Uint8Array): Promise<void> {
  try {
    for (let at = 0; at < bytes.length; at += chunkBytes) {
      if (!stream.send(bytes.subarray(at, at + chunkBytes))) {
        await stream.onDrain({ signal: AbortSignal.timeout(patienceMs) })
      }
    }
    await stream.close({ signal: AbortSignal.timeout(patienceMs) })
  } catch (error) {
    stream.abort(error instanceof Error ? error : new Error(String(error)))
  }
}

const chunkBytes = 64 * 1024
const patienceMs = 2_000
