/** Attacks that keep others out by complete connections that do nothing. */
import { again, hold, lanes } from './attack.ts'
import type { Attack } from './attack.ts'
import { identifiedSession, identifies, identifyMessage } from './peer.ts'

export const holdingAttacks: readonly Attack[] = [
  {
    name: 'one-identity-300',
    fault: 4,
    does: 'holds 300 connections of one identity, which identifies itself',
    run: async context => {
      const identity = context.identity()
      const handlers = new Map([identifies(identifyMessage(identity))])
      await hold(context, 300, async () => await context.session({ handlers }, identity))
    }
  },
  {
    name: 'identified-idle-300',
    fault: 4,
    does: 'holds 300 connections of 300 identities that complete the handshake and answer nothing after it',
    run: async context => await hold(context, 300, async () => await context.session({ isSilent: true }))
  },
  {
    name: 'useless-300',
    fault: 4,
    does: 'holds 300 connections of 300 identities that identify themselves and then do nothing',
    run: async context => await hold(context, 300, async () => await identifiedSession(context, [], { protocols: [] }))
  },
  {
    name: 'connection-churn',
    fault: 0,
    does: 'a fresh identity after the other completes the handshake and leaves; eight at a time',
    run: async context => {
      await lanes(8, async () => {
        await again(context, 'connections', async () => {
          const session = await identifiedSession(context)
          await context.pause(20)
          session.close()
        })
      })
    }
  }
]
