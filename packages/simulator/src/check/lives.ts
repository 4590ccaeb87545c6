import type { Node } from '../world/node.ts'

/** What a checker keeps for each node, for the life that it lives: a new one begins with nothing. */
export class Lives<State> {
  readonly #make: (node: Node) => State
  // bounded by the nodes of the world
  readonly #states: Array<{ epoch: number; state: State } | undefined> = []

  constructor(make: (node: Node) => State) {
    this.#make = make
  }

  of(node: Node): State {
    const kept = this.#states[node.index]
    if (kept !== undefined && kept.epoch === node.epoch) {
      return kept.state
    }

    const state = this.#make(node)
    this.#states[node.index] = { epoch: node.epoch, state }
    return state
  }

  /** What there is already. */
  get(node: Node): State | undefined {
    const kept = this.#states[node.index]
    return kept?.epoch === node.epoch ? kept.state : undefined
  }

  forget(node: Node): void {
    this.#states[node.index] = undefined
  }
}
