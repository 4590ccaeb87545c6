import { lookup } from 'node:dns/promises'

/** The addresses that this machine would connect to for a name; none when it cannot be resolved. */
export async function resolveName(name: string, signal?: AbortSignal): Promise<string[]> {
  try {
    const found = await lookup(name, { all: true })
    signal?.throwIfAborted()
    return found.map(({ address }) => address)
  } catch {
    return []
  }
}
