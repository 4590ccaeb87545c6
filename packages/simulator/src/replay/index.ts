export { Replay, replay } from './replay.ts'
export type { ReplayOptions } from './replay.ts'
export type { Difference, ReplayCounts, ReplayReport } from './report.ts'
