/** Stands for `libp2p` in the victim: `createLibp2p` hands over what it makes. */
import { createLibp2p as create } from 'libp2p'
import { serve } from './control.ts'
import type { Libp2p, ServiceMap } from '@libp2p/interface'
import type { Libp2pOptions } from 'libp2p'

export * from 'libp2p'

export async function createLibp2p<T extends ServiceMap>(options: Libp2pOptions<T>): Promise<Libp2p<T>> {
  const node = await create<T>(options)
  serve(node)
  return node
}
