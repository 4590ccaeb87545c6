import type { Kademlia, KademliaInput, KademliaOutput, Millis, Op, Rpc } from '@vicinity/kademlia'
import type { Node } from '../world/node.ts'
import type { World } from '../world/world.ts'
import type { Checker } from './checker.ts'
import { sharedBits } from './distance.ts'
import { Findings } from './findings.ts'
import { giveUpAfter } from './ledger.ts'
import type { Asked, Life } from './ledger.ts'
import { Lives } from './lives.ts'

interface State {
  /** When each request in flight was sent, in that order, and how often its node had slept. */
  readonly open: Map<Rpc, { readonly sent: Millis; readonly sleeps: number }>
  readonly running: Set<Op>
  highest: Rpc
  rests: number
  /** Until when requests for our own id may be those of a self-lookup. */
  selfLookup: Millis
}

/**
 * Requests, whoever asks them: each has an id of its own and exactly one ending, in time; none goes to ourselves, or is sent
 * for an operation that does not run; those of the upkeep keep to their caps.
 */
export class RequestsChecker extends Findings implements Checker {
  readonly name = 'requests'
  readonly #world: World
  readonly #widest: number
  readonly #states = new Lives<State>(() => ({
    open: new Map(),
    running: new Set(),
    highest: 0,
    rests: 0,
    selfLookup: -Infinity
  }))

  /** @param widest - how many requests a lookup may have in flight when it is stalled. */
  constructor(world: World, widest: number) {
    super()
    this.#world = world
    this.#widest = widest
  }

  input(node: Node, input: KademliaInput): void {
    const state = this.#states.of(node)
    if (input.type === 'response' || input.type === 'failure') {
      state.open.delete(input.rpc)
    } else if (input.type === 'start') {
      state.running.add(input.op)
    }
  }

  output(node: Node, output: KademliaOutput): void {
    const { now } = this.#world
    const state = this.#states.of(node)
    const { open, running } = state
    switch (output.type) {
      case 'send': {
        const { rpc, op, to } = output
        this.expect(rpc > state.highest, now, node.index, () => `request ${rpc} has an id that was used before`)
        this.expect(to.contact.id !== node.contact.id, now, node.index, () => `request ${rpc} goes to ourselves`)
        const wanted = op === undefined || running.has(op)
        this.expect(wanted, now, node.index, () => `request ${rpc} is for operation ${op}, which does not run`)
        state.highest = Math.max(state.highest, rpc)
        open.set(rpc, { sent: now, sleeps: node.sleeps })
        break
      }
      case 'abandon': {
        const request = open.get(output.rpc)
        this.expect(open.delete(output.rpc), now, node.index, () => `request ${output.rpc} is abandoned, but not in flight`)
        // what its node has slept through is given up when it is awake
        if (request?.sleeps === node.sleeps) {
          this.#inTime(node, output.rpc, request.sent)
        }
        break
      }
      case 'finished':
        this.expect(running.delete(output.op), now, node.index, () => `operation ${output.op} finishes, but does not run`)
        break
      case 'upkeep':
        if (output.kind === 'bootstrap') {
          state.selfLookup = output.phase === 'began' ? Infinity : now + giveUpAfter
        }
        break
      default:
    }
  }

  rest(node: Node, life: Life, machine: Kademlia): void {
    const { now } = this.#world
    const state = this.#states.of(node)
    for (const [rpc, { sent }] of life.rung ? state.open : []) {
      this.#inTime(node, rpc, sent)
      break
    }

    if (state.rests++ % sizesEvery === 0) {
      const { requests } = machine.sizes
      const size = state.open.size
      this.expect(requests === size, now, node.index, () => `it counts ${requests} requests in flight, but ${size} are`)
    }

    if (life.open.size > upkeepChecks) {
      const [checks, most] = [count(life.open.values(), node, now), upkeepChecks + (now <= state.selfLookup ? this.#widest : 0)]
      this.expect(checks <= most, now, node.index, () => `${checks} checks and probes are in flight, and ${most} may be`)
    }
  }

  #inTime(node: Node, rpc: Rpc, sent: Millis): void {
    const { now } = this.#world
    this.expect(now - sent <= giveUpAfter, now, node.index, () => `request ${rpc} has had no ending for ${now - sent} ms`)
  }

  stopped(node: Node): void {
    const { open, running } = this.#states.of(node)
    const { now } = this.#world
    this.expect(open.size === 0, now, node.index, () => `${open.size} requests had no ending when it stopped`)
    this.expect(running.size === 0, now, node.index, () => `${running.size} operations had not finished when it stopped`)
  }
}

/** 64 checks of candidates and 8 probes of entries (KADEMLIA, section 3). */
const upkeepChecks = 64 + 8

const sizesEvery = 32

/** Requests for our own id that somebody still waits for. */
function count(open: Iterable<Asked>, node: Node, now: Millis): number {
  let checks = 0
  for (const { op, target, moot, lateAt } of open) {
    const own = op === undefined && target !== undefined && sharedBits(target.key, node.contact.key) === 256
    checks += own && !moot && now < lateAt ? 1 : 0
  }

  return checks
}
