/** All attacks, those of issue 18 first, fault by fault. */
import type { Attack } from './attack.ts'
import { dhtAttacks } from './dht.ts'
import { dialledAttacks } from './dialled.ts'
import { gossipAttacks } from './gossip.ts'
import { holdingAttacks } from './holding.ts'
import { identifyAttacks } from './identify.ts'
import { muxerAttacks } from './muxer.ts'
import { quicAttacks } from './quic.ts'
import { socketAttacks } from './sockets.ts'
import { streamAttacks } from './streams.ts'
import { webrtcAttacks } from './webrtc.ts'
import { webSocketAttacks } from './websocket.ts'

export const attacks: readonly Attack[] = [
  ...dhtAttacks,
  ...dialledAttacks,
  ...identifyAttacks,
  ...webSocketAttacks,
  ...socketAttacks,
  ...holdingAttacks,
  ...streamAttacks,
  ...muxerAttacks,
  ...quicAttacks,
  ...webrtcAttacks,
  ...gossipAttacks
].toSorted((a, b) => order(a) - order(b))

/** Attacks that did no harm come last. */
function order({ fault }: Attack): number {
  return fault === 0 ? 7 : fault
}

export function attackNamed(name: string): Attack {
  const attack = attacks.find(one => one.name === name)
  if (attack === undefined) {
    throw new Error(`there is no attack ${name}`)
  }

  return attack
}
