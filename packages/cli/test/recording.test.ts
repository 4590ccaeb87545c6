/** `vicinity node --record`, and `vicinity simulate replay` of what it made: real nodes, real files, real ways to fail. */
import assert from 'node:assert/strict'
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { startNode } from './fixtures/node.ts'
import { Process } from './fixtures/process.ts'
import { startStock } from './fixtures/stock.ts'
import { entry, runVicinity } from './fixtures/vicinity.ts'
import type { TestContext } from 'node:test'
import type { RunningNode } from './fixtures/node.ts'

async function folder(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'vicinity-trace-'))
  t.after(async () => {
    await rm(path, { recursive: true })
  })
  return path
}

/** The report of a replay under `--json`. */
interface Report {
  readonly verdict: string
  readonly counts: Readonly<Record<string, number>>
  readonly recorded: { readonly node: string; readonly commit?: string; readonly config: Readonly<Record<string, unknown>> }
  readonly replayedBy: { readonly commit?: string }
  readonly difference?: { readonly line: number; readonly recorded: string; readonly replayed: string }
  readonly problem?: { readonly reason: string; readonly line: number }
  readonly cut?: { readonly line: number }
}

async function replayed(t: TestContext, file: string, ...flags: string[]): Promise<{ code: number | null; report: Report }> {
  const { code, stdout } = await runVicinity(t, ['simulate', 'replay', '--json', ...flags, file])
  assert.equal(stdout.length, 1, stdout.join('\n'))
  return { code, report: JSON.parse(stdout[0] ?? '') as Report }
}

/** A node that records, and has joined a network of `others` through the first of them. */
async function startRecording(
  t: TestContext,
  file: string,
  others: ReadonlyArray<{ id: string; address: string }>
): Promise<RunningNode> {
  const node = await startNode(t, ['--record', file, '--bootstrap', others[0]?.address ?? ''])
  await node.process.line('bootstrap')
  for (const { id } of others) {
    await node.process.line(`kademlia,routing_update,new ${id}`)
  }

  return node
}

test('a node that joined and looked up in a network of real peers replays to the same decisions', async t => {
  const file = join(await folder(t), 'a trace.jsonl')
  const stock = await startStock(t, '/ip4/127.0.0.1/tcp/0')
  const a = await startNode(t, ['--bootstrap', stock.address])
  const b = await startNode(t, ['--bootstrap', stock.address])
  const c = await startNode(t, ['--bootstrap', a.address])
  const node = await startRecording(t, file, [stock, a, b, c])
  // one more that finds us through the others, and asks us
  const last = await startNode(t, ['--bootstrap', c.address])
  await last.process.line(`kademlia,routing_update,new ${node.id}`)
  await node.process.line(`kademlia,routing_update,new ${last.id}`)
  node.process.signal('SIGINT')
  assert.deepEqual(await node.process.ended(), { code: 0, signal: null })
  assert.match(await node.process.errorLine(/^Recorded in /), /names the peers that were met/)
  const command = (await node.process.errorLine(/simulate replay/)).trim()
  assert.ok(command.endsWith(` simulate replay '${file}'`), command)
  assert.equal((await stat(file)).mode & 0o777, 0o600)

  const text = await runVicinity(t, ['simulate', 'replay', file])
  assert.equal(text.code, 0, text.stdout.join('\n'))
  assert.equal(text.stdout[0], 'Decides the same.')
  assert.ok(text.stdout.some(line => line.includes(node.id)))

  const { code, report } = await replayed(t, file)
  assert.equal(code, 0)
  assert.equal(report.verdict, 'same')
  assert.equal(report.recorded.node, node.id)
  assert.equal(report.recorded.commit, report.replayedBy.commit)
  const { operations, requests, answers, served, tableChanges } = report.counts
  assert.ok(Number(operations) >= 1 && Number(requests) > 10 && Number(answers) > 10, JSON.stringify(report.counts))
  assert.ok(Number(served) > 0 && Number(tableChanges) >= 5, JSON.stringify(report.counts))

  // an engine that behaves otherwise is found out
  const other = join(await folder(t), 'other.jsonl')
  await writeFile(other, (await readFile(file, 'utf8')).replace('"k":20', '"k":1').replace('"beta":3', '"beta":1'))
  const different = await replayed(t, other)
  assert.deepEqual([different.code, different.report.verdict], [1, 'different'])
  assert.ok(Number(different.report.difference?.line) > 1)
  const said = await runVicinity(t, ['simulate', 'replay', other])
  assert.match(said.stdout[0] ?? '', new RegExp(`^Decides otherwise at line ${different.report.difference?.line}, `))
  assert.equal(said.code, 1)
})

test('a node that is killed leaves a trace that is refused as cut off, and replays as far as it goes', async t => {
  const file = join(await folder(t), 'trace.jsonl')
  const other = await startNode(t)
  const node = await startRecording(t, file, [other])
  node.process.kill()
  await node.process.ended()

  const { code, report } = await replayed(t, file)
  assert.deepEqual([code, report.verdict, report.problem?.reason], [1, 'unreadable', 'cut'])
  const said = await runVicinity(t, ['simulate', 'replay', file])
  assert.match(
    said.stdout[0] ?? '',
    new RegExp(`^The trace makes no sense at line ${report.problem?.line}: .*killed, or is still running`)
  )
  assert.ok(
    said.stdout.some(line => line.endsWith(` simulate replay --partial ${file}`)),
    said.stdout.join('\n')
  )
  assert.equal(said.code, 1)

  const partial = await replayed(t, file, '--partial')
  assert.deepEqual([partial.code, partial.report.verdict, partial.report.cut?.line], [0, 'same', report.problem?.line])
  assert.ok(Number(partial.report.counts['requests']) > 0)
})

test('a node that is not given the time to stop leaves one too', async t => {
  const file = join(await folder(t), 'trace.jsonl')
  const other = await startNode(t)
  const node = await startRecording(t, file, [other])
  // a second signal ends the process without waiting for anything
  node.process.signal('SIGTERM')
  await node.process.line('Shutting down...')
  node.process.signal('SIGINT')
  await node.process.ended()
  const partial = await replayed(t, file, '--partial')
  assert.deepEqual([partial.code, partial.report.verdict], [0, 'same'])
})

test('a process that ends at once has written every line', async t => {
  const file = join(await folder(t), 'trace.jsonl')
  const module = new URL('../src/trace-file.ts', import.meta.url).href
  const text = `
    const { TraceFile } = await import(${JSON.stringify(module)})
    const trace = new TraceFile({ path: ${JSON.stringify(file)}, program: '', commit: undefined, failed: console.log })
    for (let i = 0; i < 20_000; i++) {
      trace.line(String(i))
      if (i % 5_000 === 0) {
        await new Promise(setImmediate)
      }
    }
    process.exit(3)`
  const writer = Process.start(t, process.execPath, ['-C', 'vicinity-source', '--input-type=module', '-e', text])
  assert.equal((await writer.ended()).code, 3, writer.report())
  assert.deepEqual(writer.stdout, [])
  assert.equal(await readFile(file, 'utf8'), Array.from({ length: 20_000 }, (_, i) => `${i}\n`).join(''))
})

test('a file that exists is left as it is', async t => {
  const file = join(await folder(t), 'trace.jsonl')
  await writeFile(file, 'precious')
  const { code, stdout } = await runVicinity(t, ['node', '--json', '--record', file])
  const reason = `${file} exists, and is left as it is: name a new file for the trace, or remove it`
  assert.deepEqual(
    stdout.map(line => JSON.parse(line) as unknown),
    [{ type: 'error', code: 'ERR_TRACE_EXISTS', reason }]
  )
  assert.equal(code, 1)
  assert.equal(await readFile(file, 'utf8'), 'precious')
})

test('a place where no file can be made is named, with why', async t => {
  const path = await folder(t)
  const blocked = join(path, 'file')
  await writeFile(blocked, '')
  for (const [file, why] of [
    [join(path, 'no such folder', 'trace'), 'there is no such file or folder'],
    [join(blocked, 'trace'), 'what should be a folder is a file']
  ] as const) {
    const { code, stdout } = await runVicinity(t, ['node'], { env: { VICINITY_RECORD: file } })
    assert.deepEqual(stdout, [`error,cannot make ${file} for the trace (${why}): name a file in a folder where you may write`])
    assert.equal(code, 1)
  }
})

test('a folder without the right to write', {
  skip: process.getuid?.() === 0 ? 'the superuser may write anywhere' : false
}, async t => {
  const closed = join(await folder(t), 'closed')
  await mkdir(closed)
  await chmod(closed, 0o500)
  const { code, stdout } = await runVicinity(t, ['node', '--record', join(closed, 'trace')])
  assert.match(stdout.join('\n'), /^error,cannot make .* \(permission denied\)/)
  assert.equal(code, 1)
})

test('a node that does not start leaves no file behind', async t => {
  const path = await folder(t)
  const { code, stdout } = await runVicinity(t, ['node', '--record', join(path, 'trace'), '--listen', 'nonsense'])
  assert.match(stdout.join('\n'), /nonsense/)
  assert.equal(code, 1)
  assert.deepEqual(await readdir(path), [])
})

test('a disk that is full ends the trace, says so, and leaves the node running', async t => {
  const file = join(await folder(t), 'trace.jsonl')
  const other = await startNode(t)
  // what the shell allows a file to hold, in units of 512 or 1,024 bytes
  const limited = ['-c', 'ulimit -f 4 && exec "$0" "$@"', process.execPath, entry]
  const args = [...limited, 'node', '--record', file, '--bootstrap', other.address]
  const node = Process.start(t, 'sh', args, { env: { NODE_DISABLE_COMPILE_CACHE: '1' } })
  await node.line('bootstrap')
  await node.errorLine(new RegExp(`^The trace in ${file} goes no further: .*\\. The node does\\.$`))
  // it is still there for others
  const late = await startNode(t, ['--bootstrap', other.address])
  await node.line(`kademlia,routing_update,new ${late.id}`)
  node.signal('SIGTERM')
  assert.deepEqual(await node.ended(), { code: 0, signal: null })
  assert.ok((await node.errorLine(/simulate replay/)).endsWith(` simulate replay --partial ${file}`))
  const partial = await replayed(t, file, '--partial')
  assert.deepEqual([partial.code, partial.report.verdict], [0, 'same'])
})

test('what is no trace is refused, with the line; what cannot be read, with why', async t => {
  const path = await folder(t)
  const file = join(path, 'trace.jsonl')
  await writeFile(file, '{"vicinity trace":7,"commit":"abc"}\n')
  const version = await runVicinity(t, ['simulate', 'replay', file])
  assert.deepEqual(version.stdout.slice(0, 1), [
    'The trace makes no sense at line 1: it is a trace of version 7, and this program reads version 1; it was made with the commit abc.'
  ])
  assert.equal(version.code, 1)

  // a line of somebody else's does not draw on our terminal
  await writeFile(file, '\u001b[2Jno trace\n')
  const corrupt = await runVicinity(t, ['simulate', 'replay', file])
  assert.deepEqual(corrupt.stdout.slice(0, 1), ['The trace makes no sense at line 1: it is not JSON: \\u{1b}[2Jno trace.'])
  assert.equal(corrupt.code, 1)

  for (const [name, why] of [
    [join(path, 'none'), 'there is no such file or folder'],
    [path, 'that is a folder']
  ] as const) {
    const { code, stdout, stderr } = await runVicinity(t, ['simulate', 'replay', name])
    assert.deepEqual(stdout, [])
    assert.equal(stderr[0], `vicinity: cannot read ${name} (${why}): name a file that vicinity node --record has made`)
    assert.equal(code, 1)
  }

  const without = await runVicinity(t, ['simulate', 'replay'])
  assert.match(without.stderr[0] ?? '', /missing required argument 'file'/)
  assert.equal(without.code, 1)
})
