export type { Checker, Violation } from './check/checker.ts'
export {
  defaultOptions,
  describeValues,
  optionGroups,
  optionNames,
  OptionsError,
  optionSpecs,
  validateOptions
} from './options.ts'
export type { OptionName, OptionNaming, OptionSpec, SimulationOptions } from './options.ts'
export * from './replay/index.ts'
export * from './report/index.ts'
export { scenarioNames, scenarioOptions, scenarios } from './scenarios.ts'
export type { Scenario, ScenarioName } from './scenarios.ts'
export { expectedRequests } from './simulation/expected.ts'
export { LookupMeasures, SearchMeasures } from './simulation/measures.ts'
export type { MeasuresData, SearchesData } from './simulation/measures.ts'
export { drawScene, mergeScenes, pictureNames } from './simulation/pictures.ts'
export type { PictureCaption, PictureName } from './simulation/pictures.ts'
export { Scene } from './simulation/scene.ts'
export type { SceneData } from './simulation/scene.ts'
export { endOf, Simulation } from './simulation/simulation.ts'
export type { SimulationInit, Watcher } from './simulation/simulation.ts'
export type { FinishedLookup } from './workload/lookups.ts'
export { drawOptions } from './swarm/draw.ts'
export type { Settings } from './swarm/draw.ts'
export { shrink } from './swarm/shrink.ts'
export type { ShrinkProgress, ShrinkWatch } from './swarm/shrink.ts'
export { initOf, runInit, runSeed } from './swarm/run.ts'
export type { Finding, RunWatch, SeedRun } from './swarm/run.ts'
