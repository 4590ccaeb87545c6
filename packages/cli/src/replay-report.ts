/** What a replay came to: for people, with the verdict first, and as one JSON object. */
import { escapeRemote } from '@vicinity/peer/escape'
import { command, quoted } from './invocation.ts'
import type { ReplayReport } from '@vicinity/simulator/replay'

/** A program and, where it knows, its commit. */
export interface Version {
  readonly program: string
  readonly commit: string | undefined
}

/** The report as lines. What comes from the trace is escaped: it may be somebody else's. */
export function replayText(report: ReplayReport, file: string, replayedBy: Version): string[] {
  return [...verdictLines(report, file), '', ...factLines(report, replayedBy)].map(line => escapeRemote(line))
}

function verdictLines(report: ReplayReport, file: string): string[] {
  switch (report.verdict) {
    case 'same':
      return report.cut === undefined
        ? ['Decides the same.']
        : [`Decides the same as far as the trace goes: it was cut off at line ${report.cut.line}.`]
    case 'different': {
      const { line, at, input, output, path, recorded, replayed } = report.difference
      return [
        `Decides otherwise at line ${line}, ${at / 1_000} s after the start.`,
        '',
        ...aligned([
          ['told', input],
          ['differs', path === '' ? `output ${output}` : `output ${output}, in ${path}`],
          ['recorded', recorded],
          ['replayed', replayed]
        ]),
        '',
        'If the engine was meant to change, record the trace anew; if not, this is what went wrong first.'
      ]
    }
    case 'unreadable': {
      const { reason, line, message } = report.problem
      return [
        `The trace makes no sense at line ${line}: ${message}.`,
        ...(reason === 'cut' && report.header !== undefined
          ? ['What came before can be replayed:', `  ${command()} simulate replay --partial ${quoted(file)}`]
          : [])
      ]
    }
  }
}

function factLines({ header, counts }: ReplayReport, replayedBy: Version): string[] {
  if (header === undefined) {
    return []
  }

  return aligned([
    ['recorded by', `${named(header)}, on ${new Date(header.startedAt).toISOString()}`],
    ['replayed by', named(replayedBy)],
    ['node', header.self.id],
    [
      'settings',
      Object.entries(header.config)
        .map(([name, value]) => `${name} ${value}`)
        .join(', ')
    ],
    ['time', `${counts.duration / 1_000} s`],
    ['inputs', String(counts.inputs)],
    ['decisions', `${counts.outputs} compared`],
    ['operations', String(counts.operations)],
    ['requests', `${counts.requests} sent, ${counts.answers} answered; ${counts.served} of others answered`],
    ['table', `${counts.tableChanges} changes`]
  ])
}

function named({ program, commit }: Version): string {
  return `${program}, ${commit === undefined ? 'of no known commit' : `commit ${commit}`}`
}

function aligned(rows: ReadonlyArray<readonly [string, string]>): string[] {
  const width = Math.max(...rows.map(([name]) => name.length))
  return rows.map(([name, value]) => `  ${name.padEnd(width)}  ${value}`)
}

/** The report as one object: the verdict, what the trace says of itself, what was counted, and the difference or problem. */
export function replayJson(report: ReplayReport, file: string, replayedBy: Version): string {
  const { header, ...rest } = report
  const recorded = header && {
    program: header.program,
    commit: header.commit,
    startedAt: new Date(header.startedAt).toISOString(),
    node: header.self.id,
    seed: header.seed,
    config: header.config
  }
  // JSON has no infinite numbers
  return JSON.stringify({ file, ...rest, recorded, replayedBy }, (_name, value: unknown) =>
    typeof value === 'number' && !Number.isFinite(value) ? String(value) : value
  )
}
