/**
 * The peer that the messages go to, in a process of its own: `target.ts`. Tells its parent its address, whether it listens
 * for multicast DNS, and the longest standstill of its event loop since it was last asked.
 */
import { generateKeyPair } from '@libp2p/crypto/keys'
import { multiaddr } from '@multiformats/multiaddr'
import { createPeer } from '@vicinity/peer'
import { HeldProbe } from '../support/held.ts'

export interface TargetReady {
  readonly address: string
  readonly multicastDns: boolean
}

const options = {
  privateKey: await generateKeyPair('Ed25519'),
  listen: [multiaddr('/ip4/127.0.0.1/tcp/0')],
  network: 'local' as const,
  greet: false
}

/** With multicast DNS where the machine allows it. */
async function startPeer(mdns: boolean): Promise<TargetReady> {
  const peer = await createPeer('headless', { ...options, mdns })
  try {
    await peer.start()
    const [address] = peer.addresses
    return { address: String(address), multicastDns: mdns }
  } catch (error) {
    await peer.stop()
    if (mdns) {
      return await startPeer(false)
    }

    throw error
  }
}

process.on('disconnect', () => {
  process.exit()
})
const ready = await startPeer(true)
const probe = new HeldProbe()
process.on('message', () => {
  process.send?.(probe.longestMs)
  probe.reset()
})
process.send?.(ready)
