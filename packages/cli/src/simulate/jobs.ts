/** What the command and its worker threads say to each other: plain data, which crosses between them as copies. */
import type { Finding, MeasuresData, RunReport, SceneData, SearchesData, SimulationInit } from '@vicinity/simulator'

/** One simulation to run. */
export interface Job {
  readonly init: SimulationInit
  /** Whether pictures are wanted of it, which takes collecting what is in them. */
  readonly scene: boolean
  /** Whether it is to be made as small as it can be if it fails. */
  readonly shrink: boolean
}

/** What a worker is given when it starts. */
export interface WorkerInit {
  /** One number that is 0 until everybody is to stop. */
  readonly stop: SharedArrayBuffer
}

/** Something that a run did not do though its options ask for it, in a sentence. */
export interface Remark {
  readonly about: 'faults' | 'lookups' | 'times'
  readonly text: string
}

/** What came of a job. */
export interface JobResult {
  /** Whether all was done that was asked for, or the user ended it: the run, or making it small. */
  readonly ended: 'completed' | 'interrupted'
  /** Without `commit`, `command` and the memory used, which the worker does not know. Its notes have the remarks. */
  readonly report: RunReport
  readonly remarks: readonly Remark[]
  readonly findings: readonly Finding[]
  /** What all its lookups came to. */
  readonly lookups: MeasuresData
  /** And all its searches for peers. */
  readonly searches: SearchesData
  readonly scene: SceneData | undefined
  readonly shrunk: Shrunk | undefined
}

/** The smallest run that fails as one did. */
export interface Shrunk {
  /** `interrupted`: a smaller one might have been found. */
  readonly ended: 'completed' | 'interrupted'
  readonly init: SimulationInit
  readonly findings: readonly Finding[]
  /** How many runs were tried to find it. */
  readonly tries: number
}

/** How far a job is: in its run, or in making that small. */
export type JobProgress =
  | { readonly type: 'progress'; readonly virtualMs: number; readonly events: number }
  | { readonly type: 'shrinking'; readonly tries: number; readonly nodes: number }

export type WorkerMessage =
  | JobProgress
  | { readonly type: 'done'; readonly result: JobResult }
  /** The job itself could not be run. */
  | { readonly type: 'failed'; readonly reason: string }

/** One job's end, as its owner hears of it. */
export type JobEnd =
  | { readonly type: 'done'; readonly result: JobResult }
  /** It could not be run, or its thread died. */
  | { readonly type: 'failed'; readonly reason: string }
  /** The user wanted to stop before it began. */
  | { readonly type: 'skipped' }
