/**
 * Loaded before the command (`--import`): the libp2p node that the command composes is handed to the mutation test's
 * {@link serve}, which takes orders over the IPC channel. Nothing else of the command is changed.
 */
import { registerHooks } from 'node:module'

const tapped = new URL('./tapped-libp2p.ts', import.meta.url).href

registerHooks({
  resolve: (specifier, context, next) =>
    specifier === 'libp2p' && context.parentURL?.includes('/packages/peer/') === true
      ? { url: tapped, shortCircuit: true }
      : next(specifier, context)
})
