/**
 * `vicinity simulate <scenario>`: one seed or many, each in a worker thread. The report alone goes to standard output;
 * progress, and where the pictures are, to standard error. Ctrl-C ends the runs and reports what there was until then.
 */
import { drawScene, formatReport, initOf, pictureNames, scenarioOptions, validateOptions } from '@vicinity/simulator'
import { availableParallelism } from 'node:os'
import { styleText } from 'node:util'
import { UsageError } from '../errors.ts'
import { styled, talk } from '../output.ts'
import { ReportOutput } from '../report-output.ts'
import { seedReport, seedsReport, withMemory } from '../simulate/document.ts'
import { OutFolder } from '../simulate/folder.ts'
import { checked } from '../simulate/knobs.ts'
import { brokenLine, closingPage, failureLines, seedHead, seedLine } from '../simulate/page.ts'
import { RunProgress } from '../simulate/progress.ts'
import { isScenario, reproduceSeeds } from '../simulate/reproduce.ts'
import { Results } from '../simulate/results.ts'
import { namedSeeds, seedsOf } from '../simulate/seeds.ts'
import { runJobs } from '../simulate/workers.ts'
import type { ReportStyle, RunReport, Settings, SimulationInit } from '@vicinity/simulator'
import type { ExitCode, Host } from '../host.ts'
import type { simulateOptions, Values } from '../options.ts'
import type { Effort } from '../simulate/page.ts'
import type { Failure } from '../simulate/results.ts'

export interface SimulateRequest {
  readonly scenario: string
  /** The simulator's options that were set. */
  readonly set: Settings
  readonly settings: Values<typeof simulateOptions>
}

/** 0 if all checks held, 1 if one did not or a run failed; after a signal its exit code. */
export async function simulate(request: SimulateRequest, host: Host): Promise<ExitCode> {
  const { scenario, settings } = request
  const seeds = seedsOf(settings)
  const threads = threadsOf(settings.threads)
  const inits = checked(() => seeds.map(seed => initFor(request, seed)))
  const folder = settings.out === undefined ? undefined : new OutFolder(settings.out, fileNames)
  const out = new ReportOutput(() => {
    host.requestStop()
  })
  if (settings.seed === undefined) {
    talk.line(`Drawn: ${namedSeeds(seeds)}`)
  }

  if (folder !== undefined && !isDrawn(scenario, seeds.length)) {
    talk.line(`No pictures, only the report: every seed of ${scenario} has a network of its own.`)
  }

  const results = new Results(scenario)
  const effort = await run(request, inits, threads, results, host, out)
  const document = documentOf(request, seeds, results, effort)
  if (settings.json) {
    out.line(JSON.stringify(document, null, 2))
  } else {
    sayPage(results, seeds, effort, out)
  }

  if (folder !== undefined && results.reports.length > 0) {
    writeFiles(folder, results, seeds, inits, document)
  }

  out.end()
  if (results.interrupted && host.stopCode !== undefined) {
    return host.stopCode
  }

  // a reader that goes away ends the runs too, and does not make good what failed until then
  return results.failures.length > 0 ? 1 : 0
}

function initFor({ scenario, set, settings }: SimulateRequest, seed: string): SimulationInit {
  if (!isScenario(scenario)) {
    return { ...initOf(seed, set), ...onlyOf(settings) }
  }

  const options = scenarioOptions(scenario, set)
  validateOptions(options)
  return { scenario, seed, options, ...onlyOf(settings) }
}

function onlyOf(settings: SimulateRequest['settings']): Pick<SimulationInit, 'only'> {
  const faults = numbersOf(settings['only-faults'])
  const lookups = numbersOf(settings['only-lookups'])
  return faults === undefined && lookups === undefined ? {} : { only: { faults, lookups } }
}

function numbersOf(text: string | undefined): number[] | undefined {
  return text === undefined ? undefined : text === 'none' ? [] : text.split(',').map(Number)
}

async function run(
  { settings, scenario }: SimulateRequest,
  inits: readonly SimulationInit[],
  threads: number,
  results: Results,
  host: Host,
  out: ReportOutput
): Promise<Effort> {
  const start = performance.now()
  const progress = new RunProgress(inits.map(({ options }) => options))
  const lines = inits.length > 1 && !settings.json
  const scene = settings.out !== undefined && isDrawn(scenario, inits.length)
  host.stopMs = Infinity
  host.running = true
  host.stop.addEventListener('abort', () => {
    // without a signal it is that nobody reads any more, who need not be told
    if (host.stopCode !== undefined) {
      progress.between(() => {
        talk.line('Stopping. Ctrl-C again ends at once.')
      })
    }
  })
  if (lines) {
    progress.between(() => {
      out.line(seedHead())
    })
  }

  await runJobs({
    jobs: inits.map(init => ({ init, scene, shrink: settings.shrink })),
    threads,
    stop: host.stop,
    progress: (job, of) => {
      progress.update(job, of)
    },
    ended: (job, end) => {
      const init = inits[job]
      const failures = results.failures.length
      const report = init && results.add(init, end)
      const failure = results.failures[failures]
      if (lines && end.type !== 'skipped') {
        progress.between(() => {
          out.line(lineOf(report, failure))
        })
      }

      progress.ended(job)
    }
  })
  progress.clear()
  for (const { seed, text } of results.remarks.values()) {
    talk.line(`Note: ${inits.length === 1 ? '' : `seed ${seed}: `}${text}`)
  }

  return { wallTimeMs: performance.now() - start, peakMemoryBytes: process.resourceUsage().maxRSS * 1_024 }
}

/** The pictures of several seeds are of one network: where each seed has its own, only their reports go together. */
function isDrawn(scenario: string, seeds: number): boolean {
  return seeds === 1 || isScenario(scenario)
}

function threadsOf(text: string | undefined): number {
  const threads = text === undefined ? availableParallelism() : Number(text)
  if (threads < 1 || threads > mostThreads) {
    throw new UsageError(`--threads is "${threads}": it has to be a whole number from 1 to ${mostThreads}`)
  }

  return threads
}

const mostThreads = 1_024

function lineOf(report: RunReport | undefined, failure: Failure | undefined): string {
  return report === undefined ? (failure === undefined ? '' : brokenLine(failure)) : seedLine(report, failure !== undefined)
}

/** The document of `--json` and `--out`. */
function documentOf(request: SimulateRequest, seeds: readonly string[], results: Results, effort: Effort): unknown {
  const [first] = results.reports
  if (seeds.length === 1 && first !== undefined) {
    return seedReport(first, results.failures, effort)
  }

  const { scenario, set, settings } = request
  const { seed = seeds[0] ?? '' } = settings
  const again = reproduceSeeds({ scenario, seed, count: seeds.length, set, ...onlyOf(settings) })
  return seedsReport(results, seeds, again, effort)
}

function sayPage(results: Results, seeds: readonly string[], effort: Effort, out: ReportOutput): void {
  const style: ReportStyle = {
    colour: styleText('bold', 'x', { stream: process.stdout }) !== 'x',
    width: Math.max(60, Math.min(process.stdout.columns ?? 80, 120))
  }
  const [report] = results.reports
  if (seeds.length > 1) {
    out.line(`\n${closingPage(results, seeds, effort, style)}`)
    return
  }

  if (report !== undefined) {
    const { commit } = report
    const short = commit === undefined ? {} : { commit: commit.slice(0, 12) }
    out.line(formatReport({ ...withMemory(report, effort), ...short }, style).trimEnd())
  }

  for (const line of results.failures.length === 0 ? [] : failureLines(results.failures)) {
    talk.line(styled('red', line))
  }
}

const documentName = 'report.json'
const fileNames = [documentName, ...pictureNames.map(name => `${name}.svg`)]

function writeFiles(
  folder: OutFolder,
  results: Results,
  seeds: readonly string[],
  [first]: readonly SimulationInit[],
  document: unknown
): void {
  const { scene, scenario } = results
  const paths = [folder.write(documentName, `${JSON.stringify(document, null, 2)}\n`)]
  if (scene !== undefined && first !== undefined) {
    const pictures = drawScene(scene, { scenario, seeds: namedSeeds(seeds), options: first.options })
    for (const [name, picture] of Object.entries(pictures)) {
      paths.push(folder.write(`${name}.svg`, picture))
    }
  }

  talk.line(['Written:', ...paths.map(path => `  ${path}`)].join('\n'))
}
