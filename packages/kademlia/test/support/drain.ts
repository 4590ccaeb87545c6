import type { Machine } from '@vicinity/kademlia'

/** Everything a machine has to say now. */
export function drain<Out>(machine: Pick<Machine<never, Out>, 'poll'>): Out[] {
  const outputs: Out[] = []
  for (let output = machine.poll(); output !== undefined; output = machine.poll()) {
    outputs.push(output)
  }

  return outputs
}

/** The outputs of one type. */
export function only<Out extends { readonly type: string }, T extends Out['type']>(
  outputs: readonly Out[],
  type: T
): Array<Extract<Out, { type: T }>> {
  return outputs.filter((output): output is Extract<Out, { type: T }> => output.type === type)
}
