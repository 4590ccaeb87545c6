/** Single troublemakers, who know nothing of each other: the silent, the slow and the selfish. */
import { isContact, limits } from '@vicinity/kademlia'
import type { Millis, PeerInfo, Response, Target } from '@vicinity/kademlia'
import type { Behaviour, Reaction } from '../world/behaviour.ts'
import { indexOf } from '../world/contacts.ts'
import type { World } from '../world/world.ts'

/** Takes requests, and never says anything. */
export const silent: Behaviour = {
  name: 'silent',
  findable: false,
  misleads: false,
  react: () => ({ type: 'silence' })
}

/** Answers honestly, and late. */
export function slow(delay: Millis): Behaviour {
  return {
    name: 'slow',
    // no node waits less than this, whatever round trips it has seen; half of it is for the way there and back
    findable: delay <= limits.requestTimeoutMin / 2,
    misleads: false,
    react: (_node, _from, _message, honest) => answering(honest(), delay)
  }
}

/** Names itself, the asker and the target before those it should name: whoever believes it asks itself, or goes in circles. */
export function selfish(world: World): Behaviour {
  return {
    name: 'selfish',
    findable: true,
    misleads: false,
    react(node, from, message, honest) {
      const answer = honest()
      if (answer?.type !== 'FIND_NODE' || message.type !== 'FIND_NODE') {
        return answering(answer)
      }

      const first = [node.info, from.info, ...peerAt(world, message.target)]
      return { type: 'answer', message: { type: 'FIND_NODE', closer: [...first, ...answer.closer] }, delay: 0 }
    }
  }
}

/** An engine's own answer, or the lack of one, as a reaction. */
export function answering(answer: Response | undefined, delay: Millis = 0): Reaction {
  return answer === undefined ? { type: 'failure', reason: 'unsupported' } : { type: 'answer', message: answer, delay }
}

function peerAt(world: World, target: Target): PeerInfo[] {
  const node = isContact(target) ? world.nodes[indexOf(target)] : undefined
  return node === undefined ? [] : [node.info]
}
