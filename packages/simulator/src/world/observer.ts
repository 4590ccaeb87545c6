import type { Kademlia, KademliaInput, KademliaOutput, Request, Response } from '@vicinity/kademlia'
import type { Node } from './node.ts'

/** Whoever watches a world: it sees all that enters and leaves the engines, and nothing of what is inside. */
export interface Observer {
  input?(node: Node, input: KademliaInput): void
  output?(node: Node, output: KademliaOutput): void
  /** All that an input has led to has been done: the engine is at rest until the next. */
  settled?(node: Node, machine: Kademlia): void
  /** An engine was stopped in order, and must hold nothing any more. */
  stopped?(node: Node, machine: Kademlia): void
  /** A node came up or went down, or said that it serves or no longer does. */
  life?(node: Node): void
  /** A request reached a node and was answered; `answer` is undefined where nothing was sent back. */
  served?(from: Node, to: Node, request: Request, answer: Response | undefined): void
}

type Hears<Name extends keyof Observer> = Observer & Required<Pick<Observer, Name>>

function hears<Name extends keyof Observer>(name: Name): (observer: Observer) => observer is Hears<Name> {
  return (observer): observer is Hears<Name> => observer[name] !== undefined
}

/** Several observers as one. */
export class Observers implements Required<Observer> {
  // who wants what, since most want little of it and this is asked at every step of every node
  readonly #inputs: ReadonlyArray<Hears<'input'>>
  readonly #outputs: ReadonlyArray<Hears<'output'>>
  readonly #settled: ReadonlyArray<Hears<'settled'>>
  readonly #all: readonly Observer[]

  constructor(all: readonly Observer[]) {
    this.#all = all
    this.#inputs = all.filter(hears('input'))
    this.#outputs = all.filter(hears('output'))
    this.#settled = all.filter(hears('settled'))
  }

  input(node: Node, input: KademliaInput): void {
    for (const observer of this.#inputs) {
      observer.input(node, input)
    }
  }

  output(node: Node, output: KademliaOutput): void {
    for (const observer of this.#outputs) {
      observer.output(node, output)
    }
  }

  settled(node: Node, machine: Kademlia): void {
    for (const observer of this.#settled) {
      observer.settled(node, machine)
    }
  }

  stopped(node: Node, machine: Kademlia): void {
    for (const observer of this.#all) {
      observer.stopped?.(node, machine)
    }
  }

  life(node: Node): void {
    for (const observer of this.#all) {
      observer.life?.(node)
    }
  }

  served(from: Node, to: Node, request: Request, answer: Response | undefined): void {
    for (const observer of this.#all) {
      observer.served?.(from, to, request, answer)
    }
  }
}
