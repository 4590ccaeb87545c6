/**
 * `vicinity simulate paper`: measures the tables that the design rests on, on all cores, and says which figures are as
 * expected. `--out` writes them down with their pictures, as `docs/paper.md` stands in the repository.
 */
import { writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { formatDuration, formatQuantity, formatTable } from '@vicinity/simulator'
import { paperDocument, paperTables, rowsOf, within } from '@vicinity/simulator/paper'
import { commit } from '../commit.ts'
import { UsageError } from '../errors.ts'
import { command, quoted } from '../invocation.ts'
import { talk } from '../output.ts'
import { ReportOutput } from '../report-output.ts'
import { prepareFolder } from '../simulate/folder.ts'
import { runPaperJobs } from '../simulate/paper-jobs.ts'
import { PaperParts } from '../simulate/paper-parts.ts'
import { PaperProgress } from '../simulate/paper-progress.ts'
import type { PaperMeta, PaperRun, PaperTable, Row, Size } from '@vicinity/simulator/paper'
import type { ExitCode, Host } from '../host.ts'
import type { simulatePaperOptions, Values } from '../options.ts'
import type { PaperEnd, PaperJob } from '../simulate/paper-jobs.ts'

type PaperSettings = Values<typeof simulatePaperOptions>

/** A table, with the results of those of its parts that were measured. */
interface Measured extends PaperRun {
  /** The names of the others. */
  readonly missing: readonly string[]
}

/** How measuring went. */
interface Outcome {
  readonly ended: 'completed' | 'interrupted'
  /** Whether some part could not be measured. */
  readonly failed: boolean
  readonly runs: readonly Measured[]
}

/** 0 if every figure is as expected, 1 if one is not or a part failed; after a signal its exit code. */
export async function measurePaper(settings: PaperSettings, host: Host): Promise<ExitCode> {
  const tables = tablesOf(settings.tables)
  const threads = threadsOf(settings.threads)
  const meta: PaperMeta = {
    size: settings.full ? 'full' : 'small',
    seed: settings.seed,
    commit: commit(),
    runtime: `Node.js ${process.versions.node}`,
    command: commandOf(settings)
  }
  if (settings.out !== undefined) {
    // before anything runs, which takes long
    prepareFolder(join(settings.out, folderName))
  }

  const parts = settings.resume === undefined ? undefined : new PaperParts(settings.resume, meta)
  const out = new ReportOutput()
  host.stopMs = Infinity
  host.running = true
  const outcome = await measure({ tables, meta, threads, parts, host })
  const { ended, failed, runs } = outcome
  const whole = runs.filter(({ missing }) => missing.length === 0)
  const document = paperDocument(whole, meta, folderName)
  // what was not measured may be outside
  const asExpected = document.within && whole.length === runs.length
  if (settings.json) {
    const measured = runs.filter(({ results }) => results.length > 0)
    const figures = measured.map(run => dataOf(run, meta.size))
    out.line(JSON.stringify({ ...meta, ended, within: asExpected, failed, tables: figures }, null, 2))
  } else {
    for (const line of page(outcome, meta.size)) {
      out.line(line)
    }
  }

  if (settings.out !== undefined) {
    if (ended === 'completed') {
      write(settings.out, document.markdown, document.pictures)
    } else {
      talk.line(`Nothing is written to ${settings.out}: not all of it was measured.`)
    }
  }

  out.end()
  if (ended === 'interrupted' && host.stopCode !== undefined) {
    return host.stopCode
  }

  return asExpected ? 0 : 1
}

interface Measuring {
  readonly tables: readonly PaperTable[]
  readonly meta: PaperMeta
  readonly threads: number
  /** What was measured before, and where it is kept. */
  readonly parts: PaperParts | undefined
  readonly host: Host
}

async function measure({ tables, meta, threads, parts: kept, host }: Measuring): Promise<Outcome> {
  const { size, seed } = meta
  const all = tables.flatMap(({ id, parts }) => parts.map((_, part): PaperJob => ({ table: id, part, size, seed })))
  // the long ones are the last, and begin first
  const jobs = all.filter(({ table, part }) => kept?.get(table, part) === undefined).toReversed()
  if (jobs.length < all.length) {
    talk.line(`${all.length - jobs.length} of ${all.length} parts were measured before.`)
  }

  const names = jobs.map(({ table, part }) => `${table}, ${tables.find(({ id }) => id === table)?.parts[part]?.name}`)
  const progress = new PaperProgress(names)
  const ends = await runPaperJobs({
    jobs,
    threads,
    stop: host.stop,
    began(job) {
      progress.began(job)
    },
    progress(job, of) {
      progress.update(job, of)
    },
    ended(job, end) {
      const { table, part } = jobs[job] as PaperJob
      if (end.type === 'done') {
        kept?.add(table, part, end)
      }

      progress.ended(job, count => {
        talk.line(`${count} ${names[job]}: ${saying(end)}`)
      })
    }
  })
  progress.end()
  const runs = tables.map((table): Measured => {
    const own = table.parts.map((_, part): PaperEnd => {
      const at = jobs.findIndex(job => job.table === table.id && job.part === part)
      return kept?.get(table.id, part) ?? ends[at] ?? { type: 'stopped' }
    })
    const measured = own.flatMap(end => (end.type === 'done' ? [end] : []))
    return {
      table,
      results: measured.map(({ result }) => result),
      wallTimeMs: measured.reduce((sum, end) => sum + end.wallTimeMs, 0),
      missing: table.parts.filter((_, part) => own[part]?.type !== 'done').map(({ name }) => name)
    }
  })
  return {
    ended: ends.some(({ type }) => type === 'stopped') ? 'interrupted' : 'completed',
    failed: ends.some(({ type }) => type === 'failed'),
    runs
  }
}

function saying(end: PaperEnd): string {
  switch (end.type) {
    case 'done': {
      if (end.result.requests === 0 && end.result.rows.length === 0) {
        return 'only with --full'
      }

      // its figures are of several parts
      if (end.result.rows.length === 0) {
        return `measured (${formatDuration(end.wallTimeMs)})`
      }

      const outside = end.result.rows.filter(row => !within(row))
      const verdict = outside.length === 0 ? 'as expected' : `not as expected: ${outside.map(({ what }) => what).join('; ')}`
      return `${verdict} (${formatDuration(end.wallTimeMs)})`
    }
    case 'failed':
      return `failed: ${end.reason}`
    case 'stopped':
      return 'stopped'
  }
}

function page({ ended, runs }: Outcome, size: Size): string[] {
  const sections = runs.flatMap(run => section(run, size))
  const what = sections.length === 0 ? 'no table has a figure yet' : 'this is what there was until then'
  return [...sections, ...(ended === 'interrupted' ? [`Interrupted: ${what}.`] : [])]
}

function section(run: Measured, size: Size): string[] {
  const { table, wallTimeMs, missing } = run
  const rows = figuresOf(run, size)
  if (rows.length === 0) {
    return []
  }

  return [
    `${table.id} ${table.title}, in ${formatDuration(wallTimeMs)}`,
    ...(missing.length === 0 ? [] : [`not measured: ${missing.join('; ')}`]),
    ...formatTable({
      columns: [{ title: 'figure' }, { title: 'expected' }, { title: 'measured' }, { title: 'verdict' }],
      rows: rows.map(row => [row.what, row.wanted, formatQuantity(row.measured, row.unit), within(row) ? 'within' : 'OUTSIDE'])
    }),
    ''
  ]
}

function dataOf(run: Measured, size: Size): unknown {
  const { table, results, wallTimeMs, missing } = run
  const { id, title } = table
  const figures = figuresOf(run, size).map(row => ({ ...row, within: within(row) }))
  return { id, title, wallTimeMs, missing, figures, notes: results.flatMap(({ notes = [] }) => notes) }
}

/** Figures that compare parts are there only if all parts are. */
function figuresOf({ table, results, missing }: Measured, size: Size): readonly Row[] {
  return missing.length === 0 ? rowsOf(table, results, size) : results.flatMap(({ rows }) => rows)
}

function tablesOf(text: string | undefined): readonly PaperTable[] {
  if (text === undefined) {
    return paperTables
  }

  const names = text.split(',').map(name => name.trim().toUpperCase())
  const wanted = new Set(names.filter(name => name !== ''))
  const unknown = [...wanted].find(name => paperTables.every(({ id }) => id !== name))
  if (unknown !== undefined || wanted.size === 0) {
    throw new UsageError(`--tables is "${text}": the tables are ${paperTables.map(({ id }) => id).join(', ')}`)
  }

  return paperTables.filter(({ id }) => wanted.has(id))
}

function threadsOf(text: string | undefined): number {
  const threads = text === undefined ? availableParallelism() : Number(text)
  if (threads < 1 || threads > 1_024) {
    throw new UsageError(`--threads is "${threads}": it has to be a whole number from 1 to 1024`)
  }

  return threads
}

function commandOf({ full, tables, seed }: PaperSettings): string {
  const flags = [...(full ? ['--full'] : []), ...(tables === undefined ? [] : ['--tables', quoted(tables)]), '--seed', seed]
  return [command(), 'simulate', 'paper', ...flags].join(' ')
}

const documentName = 'paper.md'
const folderName = 'paper'

/** What an earlier run wrote is replaced: all of it can be made again. */
function write(folder: string, markdown: string, pictures: Readonly<Record<string, string>>): void {
  const files = [[documentName, markdown], ...Object.entries(pictures).map(([name, svg]) => [join(folderName, name), svg])]
  for (const [name, text] of files as [string, string][]) {
    writeFileSync(join(folder, name), text)
  }

  talk.line(['Written:', ...files.map(([name]) => `  ${join(folder, String(name))}`)].join('\n'))
}
