import assert from 'node:assert/strict'
import { Kademlia, Rng } from '@vicinity/kademlia'
import type { KademliaConfig, KademliaInput, KademliaOutput, PeerInfo, SavedEntry } from '@vicinity/kademlia'
import { drain, only } from './drain.ts'

/** An engine by itself. */
export function machineOf(self: PeerInfo, config: Partial<KademliaConfig> = {}): Kademlia {
  return new Kademlia(self.contact, config, new Rng(self.contact.id))
}

/** Gives it an input; what it says to that. */
export function tell(machine: Kademlia, input: KademliaInput, now = 0): KademliaOutput[] {
  machine.handle(now, input)
  return drain(machine)
}

export const wallAtZero = 1_700_000_000_000

export function saved(peers: readonly PeerInfo[], heard = wallAtZero): SavedEntry[] {
  return peers.map(peer => ({ peer, heard, roundTrip: 1 }))
}

/** An engine that knows these peers, after the bootstrap that they cause, in which nobody answered. */
export function machineKnowing(self: PeerInfo, peers: readonly PeerInfo[], config: Partial<KademliaConfig> = {}): Kademlia {
  const machine = machineOf(self, { refreshInterval: Infinity, bootstrapInterval: Infinity, ...config })
  tell(machine, { type: 'clock', wallAtZero })
  const outputs = tell(machine, { type: 'restore', entries: saved(peers) })
  const pending = only(outputs, 'send').map(({ rpc }) => rpc)
  for (let rpc = pending.shift(); rpc !== undefined; rpc = pending.shift()) {
    pending.push(...only(tell(machine, { type: 'failure', rpc, reason: 'local' }), 'send').map(send => send.rpc))
  }
  assert.equal(machine.sizes['requests'], 0)
  return machine
}
