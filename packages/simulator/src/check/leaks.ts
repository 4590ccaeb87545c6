import type { Kademlia, KademliaInput, KademliaOutput, Millis, Mode } from '@vicinity/kademlia'
import { targetAt } from '../world/contacts.ts'
import type { Node } from '../world/node.ts'
import type { World } from '../world/world.ts'
import type { Checker } from './checker.ts'
import { Findings } from './findings.ts'

/**
 * What a stopped engine is: it holds nothing, wants no timer, and whatever comes to it later leads to nothing but the
 * refusals that its driver waits for.
 */
export class LeaksChecker extends Findings implements Checker {
  readonly name = 'leaks'
  readonly #world: World

  constructor(world: World) {
    super()
    this.#world = world
  }

  stopped(node: Node, machine: Kademlia): void {
    const { now } = this.#world
    const left = Object.entries(machine.sizes).filter(([, size]) => size !== 0)
    this.expect(
      left.length === 0,
      now,
      node.index,
      () => `after its stop it holds ${left.map(([name, n]) => `${n} ${name}`).join(', ')}`
    )
    this.expect(machine.deadline === Infinity, now, node.index, () => `after its stop it wants a timer at ${machine.deadline} ms`)
    for (const [input, allowed] of afterwards(node, machine.mode)) {
      const outputs = told(machine, now + wait, input)
      const right = outputs.length === allowed.length && outputs.every((type, i) => type === allowed[i])
      this.expect(right, now, node.index, () => `after its stop, ${input.type} led to [${outputs.join(' ')}]`)
    }
  }
}

/** What may come to an engine that has stopped, and what it may say to that. */
function afterwards(node: Node, mode: Mode): ReadonlyArray<readonly [KademliaInput, ReadonlyArray<KademliaOutput['type']>]> {
  const { contact, info } = node
  const target = targetAt(contact.key)
  return [
    [{ type: 'tick' }, []],
    [{ type: 'mode', mode }, []],
    [{ type: 'peer', peer: info, state: 'serving' }, []],
    [{ type: 'peer', peer: info, state: 'disconnected' }, []],
    [{ type: 'restore', entries: [{ peer: info, heard: 0, roundTrip: 0 }] }, []],
    [{ type: 'opened', rpc: 1 }, []],
    [{ type: 'response', rpc: 1, message: { type: 'FIND_NODE', closer: [] } }, []],
    [{ type: 'failure', rpc: 2, reason: 'reset' }, []],
    [{ type: 'targeted', io: 1, target }, []],
    [{ type: 'request', call: 1, from: contact, message: { type: 'FIND_NODE', target } }, ['refuse']],
    [{ type: 'start', op: 1_000_000_001, operation: { type: 'closest', target } }, ['finished']],
    [{ type: 'start', op: 1_000_000_002, operation: { type: 'bootstrap' } }, ['finished']],
    [{ type: 'cancel', op: 1_000_000_001 }, []],
    [{ type: 'stop' }, []],
    [{ type: 'tick' }, []]
  ]
}

function told(machine: Kademlia, now: Millis, input: KademliaInput): Array<KademliaOutput['type']> {
  machine.handle(now, input)
  const outputs: Array<KademliaOutput['type']> = []
  for (let output = machine.poll(); output !== undefined; output = machine.poll()) {
    outputs.push(output.type)
  }

  return outputs
}

/** Long enough for anything that an engine waits for. */
const wait: Millis = 3_600_000
