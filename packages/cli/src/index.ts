/** The command as a library: what documentation and tests read of it. */
export {
  idCreateOptions,
  idShowOptions,
  nodeOptions,
  simulateOptions,
  simulatePaperOptions,
  simulateReplayOptions
} from './options.ts'
export type { OptionSpec, OptionTable, Setting, Values } from './options.ts'
export { optionsMarkdown } from './markdown.ts'
