/** Plays cases on the raw transports: sockets of our own to the victim, or for it to dial. */
import { multiaddr } from '@multiformats/multiaddr'
import { mutator } from './relay.ts'
import { Partners, portOf, routes, startRelay, withPort } from './partners.ts'
import { within } from './patience.ts'
import { dialTcp, serveTcp } from './raw-tcp.ts'
import { playOver } from './raw-streams.ts'
import { dialUdp, serveUdp } from './raw-udp.ts'
import type { Case, Layer, Relay } from './cases.ts'
import type { RawRecording } from './generate.ts'
import type { RawLayer } from './partners.ts'
import type { Victim } from './victim.ts'

/** Cases that are played at a time: most of the time they wait. A handshake of WebRTC takes a processor and a megabyte. */
const concurrency: Readonly<Record<RawLayer, number>> = { tcp: 40, websocket: 40, quic: 24, webrtc: 12 }
/** Connections with streams of cases at a time, and the cases of each. */
const overConcurrency = 4
const overCases = 40
/** A peer that has said nothing for so long says nothing more. */
const quietMs = 60

/** A server of one case, for the victim to dial. */
export interface CaseServer {
  readonly port: number
  /** Resolves when the case was written, or nobody came for it. */
  readonly done: Promise<void>
  close(): void
}

export class RawLayers {
  readonly recordings: RawRecording[] = []
  readonly #partners: Partners | undefined

  private constructor(partners: Partners | undefined) {
    this.#partners = partners
  }

  /** Records what the layers need; nothing when none of them is a raw transport. */
  static async start(layers: readonly Layer[]): Promise<RawLayers> {
    const raw = (Object.keys(routes) as RawLayer[]).filter(layer => layers.includes(layer))
    const started = new RawLayers(raw.length === 0 ? undefined : await Partners.start())
    for (const layer of raw) {
      started.recordings.push(...((await started.#partners?.record(layer)) ?? []))
    }
    return started
  }

  async stop(): Promise<void> {
    await this.#partners?.stop()
  }

  /** Plays the cases, or as many as the victim lives for. */
  async play(victim: Victim, batch: readonly Case[]): Promise<void> {
    const over = batch.filter(one => one.over === true)
    for (let first = 0; first < over.length && victim.ended === undefined; first += overConcurrency * overCases) {
      const chunks = Array.from({ length: overConcurrency }, (_, at) =>
        over.slice(first + at * overCases, first + (at + 1) * overCases)
      )
      await Promise.all(chunks.map(async chunk => await this.#playOver(victim, chunk)))
    }

    const queue = batch.filter(one => one.over !== true)
    const workers = Array.from({ length: concurrency[(batch[0]?.layer ?? 'tcp') as RawLayer] }, async () => {
      for (let one = queue.shift(); one !== undefined && victim.ended === undefined; one = queue.shift()) {
        await this.#playOne(victim, one, one.layer as RawLayer)
      }
    })
    await Promise.all(workers)
  }

  async #playOver(victim: Victim, chunk: readonly Case[]): Promise<void> {
    const [first] = chunk
    if (first !== undefined && this.#partners !== undefined) {
      await playOver(victim, first.layer as RawLayer, chunk, this.#partners.listener)
    }
  }

  async #playOne(victim: Victim, one: Case, layer: RawLayer): Promise<void> {
    const { isDatagram, pattern } = routes[layer]
    if (one.relay !== undefined) {
      await this.#playRelayed(victim, one, layer, one.relay)
    } else if (one.side === 'listens') {
      const port = portOf(victim.address(pattern))
      await (isDatagram ? dialUdp(port, one) : dialTcp(port, one))
    } else {
      const server = await (isDatagram ? serveUdp(one) : serveTcp(one))
      const address = withPort(this.#model(layer), server.port)
      await victimDials(victim, address, server.done)
      server.close()
    }
  }

  /** An address of the layer, whatever its port. */
  #model(layer: RawLayer): string {
    if (this.#partners === undefined) {
      throw new Error('the raw transports were not started')
    }
    return this.#partners.address(layer)
  }

  async #playRelayed(victim: Victim, { side }: Case, layer: RawLayer, relay: Relay): Promise<void> {
    const target = side === 'listens' ? victim.address(routes[layer].pattern).replace(/\/p2p\/.*$/, '') : this.#model(layer)
    const pass = mutator(relay, side === 'listens' ? 'fromDialler' : 'fromListener', layer)
    const running = await startRelay(layer, portOf(target), pass)
    const address = withPort(target, running.port)
    const over = running.traffic.reach(1, 2_000).then(async () => await running.traffic.quiet(quietMs))
    await (side === 'listens' ? this.#partnerDials(address, over) : victimDials(victim, address, over))
    running.close()
  }

  async #partnerDials(address: string, over: Promise<void>): Promise<void> {
    const controller = new AbortController()
    const dial = this.#partners?.dialler.dial(multiaddr(address), { signal: controller.signal })
    const dialled = dial?.then(
      async connection => {
        await over
        connection.abort(new Error('the case is over'))
      },
      () => {}
    )
    await Promise.race([dialled, over])
    controller.abort()
    await dialled
  }
}

async function victimDials(victim: Victim, address: string, over: Promise<void>): Promise<void> {
  const dial = victim.nextOrder
  // Its end is seen by the health check.
  const dialled = victim.order({ do: 'dial', address }).then(
    () => {},
    () => {}
  )
  await Promise.race([dialled, over])
  await within(quietMs, dialled)
  await victim.order({ do: 'giveUp', dial }).catch(() => {})
  await dialled
}
