/**
 * A page cannot resolve names, and need not: its browser connects to hosts of the local network only for pages that
 * come from there.
 */
export async function resolveName(_name: string, _signal?: AbortSignal): Promise<undefined> {
  return undefined
}
