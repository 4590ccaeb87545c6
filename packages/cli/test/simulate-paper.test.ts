/** `vicinity simulate paper` as its user sees it, with the tables that are measured at once. */
import assert from 'node:assert/strict'
import { appendFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { isMeasuring } from '../src/simulate/paper-parts.ts'
import { preload, runVicinity } from './fixtures/vicinity.ts'
import type { Result, VicinityOptions } from './fixtures/vicinity.ts'

async function paper(t: TestContext, args: readonly string[], options: VicinityOptions = {}): Promise<Result> {
  return await runVicinity(t, ['simulate', 'paper', ...args], options)
}

/** Ctrl-C as soon as one part is measured. */
const interrupted = preload(`process.on('worker', worker => {
  worker.once('message', () => process.kill(process.pid, 'SIGINT'))
})`)

/** Without what differs from run to run: how long it took. */
function timeless(line: string): string {
  return line.replace(/, in .*/, '')
}

interface Document {
  readonly ended: string
  readonly within: boolean
  readonly tables: readonly { readonly id: string; readonly missing: readonly string[]; readonly figures: readonly unknown[] }[]
}

function documentOf({ stdout }: Result): Document {
  return JSON.parse(stdout.join('\n')) as Document
}

test('every figure is told with what is expected of it', async t => {
  const { code, stdout, stderr } = await paper(t, ['--tables', 'T1'])
  assert.equal(code, 0)
  assert.match(stdout[0] ?? '', /^T1 .*, in /)
  assert.match(stdout[1] ?? '', /^figure +expected +measured +verdict$/)
  assert.match(stderr[0] ?? '', /^\[1\/1\] T1, .*: as expected \(/)
})

test('Ctrl-C reports what was measured until then, and does not call it as expected', async t => {
  // the part of T7 that is the last comes first
  const args = ['--tables', 'T1,T7', '--threads', '1']
  const json = await paper(t, [...args, '--json'], { nodeArgs: interrupted })
  assert.equal(json.code, 130)
  const { ended, within, tables } = documentOf(json)
  assert.equal(ended, 'interrupted')
  assert.equal(within, false)
  assert.deepEqual(
    tables.map(({ id }) => id),
    ['T7']
  )
  assert.ok((tables[0]?.missing.length ?? 0) > 0)
  assert.ok((tables[0]?.figures.length ?? 0) > 0)

  const people = await paper(t, args, { nodeArgs: interrupted })
  assert.equal(people.code, 130)
  assert.match(people.stdout[0] ?? '', /^T7 /)
  assert.match(people.stdout[1] ?? '', /^not measured: /)
  assert.equal(people.stdout.at(-1), 'Interrupted: this is what there was until then.')
})

test('a part that only a full run measures is not called measured', async t => {
  const { code, stderr } = await paper(t, ['--tables', 't2, '])
  assert.equal(code, 0)
  assert.equal(stderr.filter(line => line.endsWith(': only with --full')).length, 3, stderr.join('\n'))
  assert.ok(stderr.some(line => /^\[\d\/4\] T2, N = 1,000, α = 10: as expected \(/.test(line)))
})

test('tables that are not there are refused with those that are', async t => {
  for (const tables of ['T1,T99', ',', 'lookup']) {
    const { code, stdout, stderr } = await paper(t, ['--tables', tables])
    assert.equal(code, 1)
    assert.equal(stderr[0], `vicinity: --tables is "${tables}": the tables are T1, T2, T3, T4, T5, T6, T7, T10, T13`)
    assert.deepEqual(stdout, [])
  }
})

test('what --resume compares are the sources that figures follow from', () => {
  for (const file of ['world/world.ts', 'paper/t10-churn.js', 'report/distribution.ts', 'lookup/lookup.ts', 'key.js']) {
    assert.ok(isMeasuring(file), `figures follow from ${file}`)
  }
  for (const file of ['check/healing.ts', 'swarm/draw.js', 'replay/compare.ts', 'report/pictures/cdf.ts', 'paper/document.js']) {
    assert.ok(!isMeasuring(file), `no figure follows from ${file}`)
  }
})

test('--resume goes on where a run ended, and takes nothing from another', async t => {
  const path = await mkdtemp(join(tmpdir(), 'vicinity-'))
  t.after(async () => {
    await rm(path, { recursive: true })
  })
  const file = join(path, 'parts.jsonl')
  const args = ['--tables', 'T1,T7', '--threads', '1', '--resume', file]
  const first = await paper(t, args, { nodeArgs: interrupted })
  assert.equal(first.code, 130)
  const [head = '', ...measured] = (await readFile(file, 'utf8')).trimEnd().split('\n')
  assert.ok(measured.length > 0)
  // as if it had been killed while it wrote
  await appendFile(file, '{"table":"T1","par')

  const { code, stdout, stderr } = await paper(t, args)
  assert.equal(code, 0, stderr.join('\n'))
  assert.equal(stderr[0], `${measured.length} of 5 parts were measured before.`)
  assert.equal(stderr.filter(line => line.startsWith('[')).length, 5 - measured.length)
  const whole = await paper(t, ['--tables', 'T1,T7', '--threads', '1'])
  assert.deepEqual(stdout.map(timeless), whole.stdout.map(timeless))
  assert.equal((await readFile(file, 'utf8')).trimEnd().split('\n').length, 6)

  for (const [text, problem] of [
    [
      `${head.replace(/"program":"[0-9a-f]+"/, '"program":"0123"')}\n`,
      /its parts were measured by another version of this program/
    ],
    [head.replace('"small"', '"full"').concat('\n'), /its parts are of size full, and this run is of size small/],
    [`${head}\n{"table":"T1"}\n`, /line 2 is no measured part/],
    ['once upon a time\n', /line 1 is no measured part/],
    ['{"a":1}\n', /it holds something else/]
  ] as const) {
    await writeFile(file, text)
    const refused = await paper(t, args)
    assert.equal(refused.code, 1)
    assert.match(refused.stderr[0] ?? '', problem)
    assert.equal(await readFile(file, 'utf8'), text, 'is left as it is')
  }
})

test('--out makes its folder, and writes again over what it wrote', async t => {
  const path = await mkdtemp(join(tmpdir(), 'vicinity-'))
  t.after(async () => {
    await rm(path, { recursive: true })
  })
  const out = join(path, 'new', 'one')
  for (const tables of ['T1', 'T7']) {
    const { code, stderr } = await paper(t, ['--tables', tables, '--out', out])
    assert.equal(code, 0, stderr.join('\n'))
    assert.match(await readFile(join(out, 'paper.md'), 'utf8'), new RegExp(`^## ${tables} `, 'm'))
    assert.ok((await readdir(join(out, 'paper'))).includes(`${tables.toLowerCase()}.svg`))
  }
})
