import { Kademlia, Rng } from '@vicinity/kademlia'
import type { KademliaConfig, KademliaInput, KademliaOutput, PeerInfo } from '@vicinity/kademlia'
import { drain } from './drain.ts'

/** An engine by itself. */
export function machineOf(self: PeerInfo, config: Partial<KademliaConfig> = {}): Kademlia {
  return new Kademlia(self.contact, config, new Rng(self.contact.id))
}

/** Gives it an input; what it says to that. */
export function tell(machine: Kademlia, input: KademliaInput, now = 0): KademliaOutput[] {
  machine.handle(now, input)
  return drain(machine)
}
