import type { FailureReason, Millis, Request, Response } from '@vicinity/kademlia'
import type { Node } from './node.ts'

/** What becomes of a request at a node that is not honest: an answer, perhaps late; nothing at all; or a failure. */
export type Reaction =
  | { readonly type: 'answer'; readonly message: Response; readonly delay: Millis }
  | { readonly type: 'silence' }
  | { readonly type: 'failure'; readonly reason: FailureReason }

/** What a node does with requests instead of answering them honestly. */
export interface Behaviour {
  /** What it is called in reports. */
  readonly name: string
  /** Whether a lookup is expected to find it: whether it answers, and in time. */
  readonly findable: boolean
  /** Whether it hides honest nodes from those who ask it: names others, and not those it should. */
  readonly misleads: boolean
  /** One of those who behave so came up or went down, or began or ceased to serve. */
  lived?(node: Node): void
  /**
   * @param node - the node that was asked.
   * @param honest - the answer that its engine would give; `undefined` where that gives none.
   */
  react(node: Node, from: Node, message: Request, honest: () => Response | undefined): Reaction
}
