import type { PeerInfo, ProgressEvent } from '@vicinity/kademlia'
import { indexOf } from '../world/contacts.ts'
import type { Node } from '../world/node.ts'

type Answered = Extract<ProgressEvent, { readonly type: 'answered' }>

/** How many steps away from the table every peer was when a lookup first heard of it. Worked out at the end, in one go. */
export class Depths {
  readonly #self: number
  readonly #known: readonly PeerInfo[]
  readonly #marks: Marks
  // bounded by the requests of one lookup
  readonly #answers: Answered[] = []

  /**
   * @param known - whom its table knew of near the target.
   * @param marks - shared with other lookups, each of which needs them only for as long as `of` takes.
   */
  constructor(node: Node, known: readonly PeerInfo[], marks: Marks) {
    this.#self = node.index
    this.#known = known
    this.#marks = marks
  }

  progress(event: ProgressEvent): void {
    if (event.type === 'answered') {
      this.#answers.push(event)
    }
  }

  /** The greatest of these. Whom nobody named has come into the table since. */
  of(peers: readonly PeerInfo[]): number {
    const marks = this.#marks
    marks.clear()
    for (const { contact } of this.#known) {
      marks.set(indexOf(contact), 1)
    }

    for (const { peer, closer } of this.#answers) {
      const depth = (marks.get(indexOf(peer.contact)) ?? 1) + 1
      for (const { contact } of closer) {
        const index = indexOf(contact)
        if (index !== this.#self && marks.get(index) === undefined) {
          marks.set(index, depth)
        }
      }
    }

    return peers.reduce((deepest, { contact }) => Math.max(deepest, marks.get(indexOf(contact)) ?? 1), 0)
  }
}

/** A number for some of the nodes, in memory that is there already for the next lookup. Who is no node has none. */
export class Marks {
  // both bounded by the nodes of the world
  readonly #numbers: number[] = []
  readonly #rounds: number[] = []
  #round = 0

  clear(): void {
    this.#round++
  }

  get(index: number): number | undefined {
    return this.#rounds[index] === this.#round ? this.#numbers[index] : undefined
  }

  set(index: number, number: number): void {
    while (index >= this.#rounds.length) {
      this.#rounds.push(0)
      this.#numbers.push(0)
    }

    if (index >= 0) {
      this.#rounds[index] = this.#round
      this.#numbers[index] = number
    }
  }
}
