/** Inputs of this machine, read in this process: address lists, key files, a saved routing table. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { generateKeyPair, privateKeyToProtobuf } from '@libp2p/crypto/keys'
import { defaultLogger } from '@libp2p/logger'
import { MemoryDatastore } from 'datastore-core'
import { Key } from 'interface-datastore'
import { ContactBook } from '../../packages/dht/src/contacts.ts'
import { passthroughMapper } from '../../packages/dht/src/addresses/mappers.ts'
import { SavedTable } from '../../packages/dht/src/saved-table.ts'
import { classifyAddresses } from '../../packages/peer/src/addresses.ts'
import { loadIdentity } from '../../packages/peer/src/identity.ts'
import { HeldProbe } from '../support/held.ts'

export interface LocalCase {
  readonly name: string
  run(): Promise<unknown>
}

/** The longest standstill while it runs. That it refuses the input is no failure. */
export async function heldBy(local: LocalCase): Promise<number> {
  const probe = new HeldProbe()
  try {
    await local.run().catch(() => {})
    return probe.longestMs
  } finally {
    probe.stop()
  }
}

export async function localCases(): Promise<{ readonly cases: readonly LocalCase[]; end(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'vicinity-bench-messages-'))
  const file = async (name: string, bytes: Uint8Array): Promise<string> => {
    const path = join(folder, name)
    await writeFile(path, bytes)
    return path
  }
  const rsa = privateKeyToProtobuf(await generateKeyPair('RSA', 2_048))
  const files = [
    await file('noise', new Uint8Array(1_024).fill(0x12)),
    await file('rsa', rsa.subarray(0, 1_024)),
    await file('huge', new Uint8Array(16 * 1024 * 1024))
  ]
  const list = (text: string) => async (): Promise<unknown> =>
    classifyAddresses({ BOOTSTRAP_PEERS: { source: 'BOOTSTRAP_PEERS', text }, LISTEN_ADDRS: { source: 'LISTEN_ADDRS', text } })
  const addresses = (length: number): string =>
    Array.from({ length }, (_, i) => `/ip4/127.1.${i >> 8}.${i & 255}/tcp/1`).join(',')
  const cases: LocalCase[] = [
    { name: 'address list, id of 128 KiB', run: list(`/ip4/127.0.0.1/tcp/1/p2p/Q${'z'.repeat(128_000)}`) },
    { name: 'address list, hash of 128 KiB', run: list(`/ip4/127.0.0.1/udp/1/webrtc-direct/certhash/z${'2'.repeat(128_000)}`) },
    { name: 'address list, 6,000 addresses', run: list(addresses(6_000)) },
    { name: 'address list, 256 addresses', run: list(addresses(256)) },
    { name: 'address list, slashes', run: list(`x//x${'/'.repeat(128_000)}x`) },
    ...files.map((path, index) => ({
      name: `key file, ${['noise', 'RSA', '16 MiB'][index] ?? ''}`,
      run: async () => loadIdentity(path)
    })),
    { name: 'saved table, long ids', run: await saved(4_000, `/p2p/Q${'z'.repeat(3_000)}`, 1) },
    { name: 'saved table, 1,000 peers of 32 addresses', run: await saved(1_000, '/ip4/127.0.0.1/tcp/1', 32) }
  ]
  return {
    cases,
    end: async () => {
      await rm(folder, { recursive: true })
    }
  }
}

async function saved(peers: number, address: string, each: number): Promise<() => Promise<unknown>> {
  const datastore = new MemoryDatastore()
  const id = '12D3KooWGbUAvhH1CGoG5xvuB1CZMRTiNjdBEg5fgRY4vFdRdqQD'
  const entry = { id, addresses: Array.from({ length: each }, () => address), heard: 1, roundTrip: 1 }
  const bytes = new TextEncoder().encode(JSON.stringify(Array.from({ length: peers }, () => entry)))
  await datastore.put(new Key('/dht/routing-table'), bytes)
  const table = new SavedTable(datastore, '/dht', defaultLogger().forComponent('bench'))
  return async () => table.load(new ContactBook({ peerInfoMapper: passthroughMapper, limitGroups: () => false }))
}
