/**
 * The chat topics: subscriptions, messages in and out, and greetings.
 *
 * In: pubsub's messages, whose signature it has verified, and (if the option allows) those that nobody signed. Each is
 * told once, decoded, as `message` or `undecodable`. Out: texts in the chosen format.
 */
import { TopicValidatorResult } from '@libp2p/gossipsub'
import type { GossipSub, Message, SubscriptionChangeData } from '@libp2p/gossipsub'
import type { PeerId } from '@libp2p/interface'
import { sha256 } from 'multiformats/hashes/sha2'
import { Duplicates } from './duplicates.ts'
import { PeerError } from './errors.ts'
import type { PeerListener } from './events.ts'
import type { UnsignedMessage } from './gossip.ts'
import { Greeter } from './greeting.ts'
import { chatTopic, discoveryTopic } from './options.ts'
import type { PeerOptions } from './options.ts'
import { joined } from './payload/protobuf.ts'
import { SignerRates } from './signer-rates.ts'
import { readPayload, textBytesMax, writePayload } from './payload/sniff.ts'

export interface Published {
  /** Those that the message was sent to directly; it may travel on from them. */
  readonly recipients: readonly PeerId[]
}

export interface ChatInit {
  readonly pubsub: GossipSub
  readonly self: PeerId
  readonly options: Pick<PeerOptions, 'greet' | 'payload' | 'topics'>
  readonly emit: PeerListener
  isConnected(peer: string): boolean
}

export class Chat {
  readonly #init: ChatInit
  readonly #duplicates = new Duplicates()
  readonly #greeter: Greeter
  readonly #rates: SignerRates
  /** Who is subscribed to what, of our own topics. */
  readonly #subscribers: ReadonlyMap<string, Set<string>>

  constructor(init: ChatInit) {
    const { pubsub, self, options, emit } = init
    this.#init = init
    this.#subscribers = new Map(options.topics.map(topic => [topic, new Set()]))
    this.#greeter = new Greeter({
      publish: async () => (await this.publish(`Hello from ${self.toString()}!`)).recipients.map(String),
      greeted: peers => emit({ type: 'greeted', peers })
    })

    this.#rates = new SignerRates((from, count) => emit({ type: 'messages-left-out', from, count }))
    for (const topic of options.topics) {
      pubsub.topicValidators.set(topic, (_source, message) => this.#judge(message))
    }

    pubsub.addEventListener('message', ({ detail }) => this.#received(detail))
    pubsub.addEventListener('subscription-change', ({ detail }) => this.#subscriptionChanged(detail))
  }

  subscribe(): void {
    for (const topic of this.#init.options.topics) {
      this.#init.pubsub.subscribe(topic)
      this.#init.emit({ type: 'subscribed', topic })
    }
  }

  /** Throws a `PeerError` when the text is too long. */
  async publish(text: string, topic: string = chatTopic): Promise<Published> {
    const bytes = new TextEncoder().encode(text).length
    if (bytes > textBytesMax) {
      throw new PeerError('ERR_MESSAGE_TOO_LONG', `the message has ${bytes} bytes, more than ${textBytesMax}: send it in parts`)
    }

    const sender = { peer: this.#init.self.toString(), now: Date.now() }
    return this.#init.pubsub.publish(topic, writePayload(this.#init.options.payload, text, sender))
  }

  /** The peers that are subscribed to the chat topic. */
  get peers(): Iterable<string> {
    return this.#subscribers.get(chatTopic) ?? []
  }

  /** Whether a peer is subscribed to any of our topics. */
  has(peer: string): boolean {
    return [...this.#subscribers.values()].some(subscribers => subscribers.has(peer))
  }

  /** A message that nobody signed, which the options accept. */
  async receivedUnsigned({ topic, data, claims }: UnsignedMessage): Promise<void> {
    if (!this.#subscribers.has(topic)) {
      return
    }

    // Several peers may pass it on, and there is no number that can be believed: the same bytes are the same message.
    const { digest } = await sha256.digest(joined([claims, data]))
    if (!this.#rates.admits(null, data.byteLength)) {
      return
    }
    if (!this.#duplicates.seen('', new DataView(digest.buffer, digest.byteOffset).getBigUint64(0))) {
      this.#deliver(null, topic, data)
    }
  }

  /** A peer's last connection ended. */
  closed(peer: string): void {
    for (const subscribers of this.#subscribers.values()) {
      subscribers.delete(peer)
    }
    this.#greeter.gone(peer)
  }

  stop(): void {
    this.#greeter.stop()
    this.#rates.stop()
  }

  /** Whether a message is shown and passed on. Who passed it on to us is not to blame for its signer. */
  #judge(message: Message): TopicValidatorResult {
    const isFresh = message.type === 'signed' && this.#rates.admits(message.from.toString(), message.data.byteLength)
    return isFresh ? TopicValidatorResult.Accept : TopicValidatorResult.Ignore
  }

  #received(message: Message): void {
    // The policy lets nothing pass that is not signed; our own come back when somebody replays them.
    if (message.type === 'unsigned' || message.from.equals(this.#init.self)) {
      return
    }

    const from = message.from.toString()
    if (!this.#duplicates.seen(from, message.sequenceNumber)) {
      this.#deliver(from, message.topic, message.data)
    }
  }

  #deliver(from: string | null, topic: string, data: Uint8Array): void {
    // Announcements of browsers are no messages to anyone; they are read where peers are discovered.
    if (topic === discoveryTopic) {
      return
    }

    const read = readPayload(data)
    if (!read.ok) {
      this.#init.emit({ type: 'undecodable', from, topic, reason: read.reason })
      return
    }

    const {
      format,
      payload: { kind, text }
    } = read
    this.#init.emit({ type: 'message', from, signed: from !== null, topic, kind, text, format })
  }

  #subscriptionChanged({ peerId, subscriptions }: SubscriptionChangeData): void {
    const peer = peerId.toString()

    for (const { topic, subscribe } of subscriptions) {
      const subscribers = this.#subscribers.get(topic)
      // What a peer sent last may be read after its connection has ended.
      if (subscribers === undefined || subscribers.has(peer) === subscribe || !this.#init.isConnected(peer)) {
        continue
      }

      if (subscribe) {
        subscribers.add(peer)
        this.#init.emit({ type: 'peer-subscribed', peer, topic })
      } else {
        subscribers.delete(peer)
        this.#init.emit({ type: 'peer-unsubscribed', peer, topic })
      }

      if (topic === chatTopic && this.#init.options.greet) {
        if (subscribe) {
          this.#greeter.subscribed(peer)
        } else {
          this.#greeter.gone(peer)
        }
      }
    }
  }
}
