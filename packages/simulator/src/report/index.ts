export { Distribution, exactValues } from './distribution.ts'
export type { CdfPoint, DistributionData, Summary } from './distribution.ts'
export { formatLookups, formatReport, formatSearches } from './format-report.ts'
export type { ReportStyle } from './format-report.ts'
export { formatBytes, formatCompact, formatCount, formatDuration, formatNumber, formatQuantity, formatShare } from './numbers.ts'
export type { Unit } from './numbers.ts'
export { formatProgress, ProgressRate } from './progress.ts'
export type { Progress } from './progress.ts'
export { passed, reportVersion } from './run-report.ts'
export type {
  CheckerReport,
  LookupReport,
  MachineReport,
  PhaseReport,
  RunReport,
  SearchReport,
  TrafficReport
} from './run-report.ts'
export { formatMarkdownTable, formatTable } from './table.ts'
export type { Cell, Column, Quantity, ReportTable } from './table.ts'
export { cdfPicture } from './pictures/cdf.ts'
export type { CdfData, CdfSeries } from './pictures/cdf.ts'
export { comparisonPicture } from './pictures/comparison.ts'
export type { Compared, ComparisonData } from './pictures/comparison.ts'
export { heatPicture } from './pictures/heat.ts'
export type { HeatData } from './pictures/heat.ts'
export { timePicture } from './pictures/time.ts'
export type { TimeData, TimePoint, TimeSeries, TimeWindow } from './pictures/time.ts'
export { walkPicture } from './pictures/walk.ts'
export type { WalkData } from './pictures/walk.ts'
export { nearness, WalkRecorder } from './walk.ts'
export type { Walk, WalkRequest } from './walk.ts'
