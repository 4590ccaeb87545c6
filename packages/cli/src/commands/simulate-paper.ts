/**
 * `vicinity simulate paper`: measures the tables that the design rests on, on all cores, and says which figures are as
 * expected. `--out` writes them down with their pictures, as `docs/paper.md` stands in the repository.
 */
import { accessSync, constants, mkdirSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { formatDuration, formatQuantity, formatTable } from '@vicinity/simulator'
import { paperDocument, paperTables, rowsOf, within } from '@vicinity/simulator/paper'
import { commit } from '../commit.ts'
import { UsageError } from '../errors.ts'
import { command } from '../invocation.ts'
import { LineWriter, talk } from '../output.ts'
import { runPaperJobs } from '../simulate/paper-jobs.ts'
import { fileReason } from '../trace-file.ts'
import type { PaperMeta, PaperRun, PaperTable, Size } from '@vicinity/simulator/paper'
import type { ExitCode, Host } from '../host.ts'
import type { simulatePaperOptions, Values } from '../options.ts'
import type { PaperEnd, PaperJob } from '../simulate/paper-jobs.ts'

type PaperSettings = Values<typeof simulatePaperOptions>

/** 0 if every figure is as expected, 1 if one is not or a part failed; after a signal its exit code. */
export async function measurePaper(settings: PaperSettings, host: Host): Promise<ExitCode> {
  const tables = tablesOf(settings.tables)
  const meta: PaperMeta = {
    size: settings.full ? 'full' : 'small',
    seed: settings.seed,
    commit: commit(),
    runtime: `Node.js ${process.versions.node}`,
    command: commandOf(settings)
  }
  if (settings.out !== undefined) {
    prepare(settings.out)
  }

  const out = new LineWriter(1, () => {
    host.requestStop()
  })
  host.running = true
  const { runs, failed } = await measure(tables, meta, threadsOf(settings.threads), host)
  const document = paperDocument(runs, meta, folderName)
  if (settings.json) {
    out.line(
      JSON.stringify({ ...meta, within: document.within, failed, tables: runs.map(ran => dataOf(ran, meta.size)) }, null, 2)
    )
  } else {
    for (const line of runs.flatMap(ran => pageOf(ran, meta.size))) {
      out.line(line)
    }
  }

  if (settings.out !== undefined && !host.stop.aborted) {
    write(settings.out, document.markdown, document.pictures)
  }

  if (host.stop.aborted) {
    return host.stopCode ?? 0
  }

  return document.within && !failed ? 0 : 1
}

async function measure(
  tables: readonly PaperTable[],
  meta: PaperMeta,
  threads: number,
  host: Host
): Promise<{ runs: PaperRun[]; failed: boolean }> {
  const { size, seed } = meta
  // the long ones are the last, and begin first
  const jobs = tables.flatMap(({ id, parts }) => parts.map((_, part): PaperJob => ({ table: id, part, size, seed }))).toReversed()
  let done = 0
  const ends = await runPaperJobs(jobs, threads, host.stop, (job, end) => {
    const { table, part } = jobs[job] as PaperJob
    const name = `${table}, ${paperTables.find(({ id }) => id === table)?.parts[part]?.name}`
    done++
    talk.line(`[${done}/${jobs.length}] ${name}: ${saying(end)}`)
  })
  const runs = tables.flatMap(table => {
    const own = ends.filter((_, at) => jobs[at]?.table === table.id).toReversed()
    const whole = own.flatMap(end => (end.type === 'done' ? [end] : []))
    const wallTimeMs = whole.reduce((sum, end) => sum + end.wallTimeMs, 0)
    // a table of which a part is missing says nothing
    return whole.length < own.length ? [] : [{ table, results: whole.map(({ result }) => result), wallTimeMs }]
  })
  return { runs, failed: ends.some(({ type }) => type === 'failed') }
}

function saying(end: PaperEnd): string {
  switch (end.type) {
    case 'done': {
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

function pageOf({ table, results, wallTimeMs }: PaperRun, size: Size): string[] {
  const rows = rowsOf(table, results, size)
  return [
    `${table.id} ${table.title}, in ${formatDuration(wallTimeMs)}`,
    ...formatTable({
      columns: [{ title: 'figure' }, { title: 'expected' }, { title: 'measured' }, { title: 'verdict' }],
      rows: rows.map(row => [row.what, row.wanted, formatQuantity(row.measured, row.unit), within(row) ? 'within' : 'OUTSIDE'])
    }),
    ''
  ]
}

function dataOf({ table, results, wallTimeMs }: PaperRun, size: Size): unknown {
  const { id, title } = table
  const figures = rowsOf(table, results, size).map(row => ({ ...row, within: within(row) }))
  return { id, title, wallTimeMs, figures, notes: results.flatMap(({ notes = [] }) => notes) }
}

function tablesOf(text: string | undefined): readonly PaperTable[] {
  if (text === undefined) {
    return paperTables
  }

  return text.split(',').map(name => {
    const table = paperTables.find(({ id }) => id === name.trim().toUpperCase())
    if (table === undefined) {
      throw new UsageError(`--tables names "${name}": there are ${paperTables.map(({ id }) => id).join(', ')}`)
    }
    return table
  })
}

function threadsOf(text: string | undefined): number {
  const threads = text === undefined ? availableParallelism() : Number(text)
  if (threads < 1 || threads > 1_024) {
    throw new UsageError(`--threads is "${threads}": it has to be a whole number from 1 to 1024`)
  }

  return threads
}

function commandOf({ full, tables, seed }: PaperSettings): string {
  const flags = [...(full ? ['--full'] : []), ...(tables === undefined ? [] : ['--tables', tables]), '--seed', seed]
  return [command(), 'simulate', 'paper', ...flags].join(' ')
}

const documentName = 'paper.md'
const folderName = 'paper'

/** Found out before anything runs, which takes long. */
function prepare(folder: string): void {
  try {
    accessSync(folder, constants.W_OK | constants.X_OK)
  } catch (error) {
    throw new UsageError(`--out is ${folder}, which cannot be written to (${fileReason(error)}): name a folder that is there`)
  }
}

/** What an earlier run wrote is replaced: all of it can be made again. */
function write(folder: string, markdown: string, pictures: Readonly<Record<string, string>>): void {
  mkdirSync(join(folder, folderName), { recursive: true })
  const files = [[documentName, markdown], ...Object.entries(pictures).map(([name, svg]) => [join(folderName, name), svg])]
  for (const [name, text] of files as [string, string][]) {
    writeFileSync(join(folder, name), text)
  }

  talk.line(['Written:', ...files.map(([name]) => `  ${join(folder, String(name))}`)].join('\n'))
}
