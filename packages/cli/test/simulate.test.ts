/** `vicinity simulate` as its user sees it: reports, JSON, pictures, several seeds, what goes wrong, and Ctrl-C. */
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { optionSpecs, scenarioNames, scenarioOptions } from '@vicinity/simulator'
import type { RunReport } from '@vicinity/simulator'
import { Process } from './fixtures/process.ts'
import { entry, preload, runVicinity, vicinity } from './fixtures/vicinity.ts'
import type { Result, VicinityOptions } from './fixtures/vicinity.ts'
import type { SeedReport, SeedsReport } from '../src/simulate/document.ts'

/** A network that is simulated at once. */
const tiny = ['--nodes', '25', '--duration', '5', '--lookups', '2']
/** One that is simulated for hours. */
const endless = ['--nodes', '200', '--duration', '864000']

async function simulate(t: TestContext, args: readonly string[], options: VicinityOptions = {}): Promise<Result> {
  return await runVicinity(t, ['simulate', ...args], options)
}

/** The one document on standard output. */
function reportOf({ stdout }: Result): SeedReport {
  return JSON.parse(stdout.join('\n')) as SeedReport
}

/** The same of several seeds. */
function seedsReportOf({ stdout }: Result): SeedsReport {
  return JSON.parse(stdout.join('\n')) as SeedsReport
}

async function folder(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'vicinity-'))
  t.after(async () => {
    await rm(path, { recursive: true })
  })
  return path
}

test('a report says what ran, what came of it, and the command that gives the very same again', async t => {
  const { code, stdout, stderr } = await simulate(t, ['baseline', ...tiny, '--seed', '7'])
  assert.equal(code, 0)
  assert.match(stdout[0] ?? '', /^baseline · 25 nodes · seed 7/)
  assert.ok(stdout.includes('Checks  all held'))
  assert.deepEqual(stderr, [], 'a short run that nobody watches says nothing of its progress')

  const hash = stdout.find(line => line.startsWith('Hash'))
  const command = stdout.find(line => line.startsWith('Again'))
  assert.match(command ?? '', / simulate baseline --seed 7 --nodes 25 --duration 5 --lookups 2$/)
  const again = await simulate(t, (command ?? '').split(' simulate ')[1]?.split(' ') ?? [])
  assert.equal(
    again.stdout.find(line => line.startsWith('Hash')),
    hash
  )
})

test('without a seed one is drawn and said; with it the run is the same', async t => {
  const drawn = await simulate(t, ['churn', ...tiny, '--json'])
  const { seed, hash, command } = reportOf(drawn)
  assert.deepEqual(drawn.stderr, [`Drawn: seed ${seed}`])
  assert.ok(command?.includes(`--seed ${seed} `))
  assert.equal(reportOf(await simulate(t, ['churn', ...tiny, '--json', '--seed', seed])).hash, hash)
})

test('--json is one document, with the options as they were set', async t => {
  const result = await simulate(t, [
    'churn',
    ...tiny,
    '--json',
    '--seed',
    'any-text',
    '--no-connections',
    '--limit-groups',
    '--latency',
    'uniform'
  ])
  assert.equal(result.code, 0)
  const report = reportOf(result)
  const set = { nodes: 25, duration: 5, lookups: 2, connections: false, limitGroups: true, latency: 'uniform' } as const
  assert.deepEqual(report.options, { ...scenarioOptions('churn'), ...set })
  assert.equal(report.ended, 'completed')
  assert.match(report.command ?? '', / simulate churn --seed any-text .*--no-connections/)
  assert.ok((report.machine?.peakMemoryBytes ?? 0) > 1e6)
})

test('several seeds run in threads of their own, and are reported in their order', async t => {
  const threads = preload("process.on('worker', () => console.error('a thread'))")
  const args = ['baseline', ...tiny, '--seeds', '4', '--seed', '11', '--json']
  const two = await simulate(t, [...args, '--threads', '2'], { nodeArgs: threads })
  assert.deepEqual(two.stderr, ['a thread', 'a thread'])
  const report = seedsReportOf(two)
  assert.deepEqual(report.seeds, ['11', '12', '13', '14'])
  assert.deepEqual(
    report.runs.map(({ seed }) => seed),
    report.seeds
  )
  assert.equal(
    report.lookups.count,
    report.runs.reduce((sum, { lookups }) => sum + lookups.count, 0)
  )

  const one = await simulate(t, [...args, '--threads', '1'], { nodeArgs: threads })
  assert.deepEqual(one.stderr, ['a thread'])
  const { runs, lookups } = seedsReportOf(one)
  assert.deepEqual(lookups, report.lookups)
  assert.deepEqual(
    runs.map(({ hash }) => hash),
    report.runs.map(({ hash }) => hash)
  )
})

test('the command of several seeds does the same again, whatever the seed is', async t => {
  const args = ['swarm', '--nodes', '20', '--duration', '5', '--heal', '0', '--seeds', '2', '--json']
  for (const seed of ['7', 'any']) {
    const { command, runs } = seedsReportOf(await simulate(t, [...args, '--seed', seed, '--only-lookups', '1,2']))
    assert.ok(runs.every(run => run.lookups.count <= 2))
    const again = await simulate(t, [...(command.split(' simulate ')[1]?.split(' ') ?? []), '--json'])
    assert.deepEqual(
      seedsReportOf(again).runs.map(run => [run.seed, run.hash]),
      runs.map(run => [run.seed, run.hash])
    )
  }
})

test('several seeds have a line each, and all lookups together', async t => {
  const { code, stdout } = await simulate(t, [
    'swarm',
    '--seeds',
    '3',
    '--seed',
    's',
    '--nodes',
    '20',
    '--duration',
    '5',
    '--heal',
    '0'
  ])
  assert.equal(code, 0, stdout.join('\n'))
  assert.deepEqual(
    stdout.slice(1, 4).map(line => line.split(/\s+/).slice(0, 2)),
    [
      ['ok', 's/1'],
      ['ok', 's/2'],
      ['ok', 's/3']
    ]
  )
  assert.ok(stdout.some(line => line.startsWith('swarm · seeds s/1 to s/3')))
  assert.ok(stdout.includes('Checks  all held in 3 runs'))
})

test('a violated check is exit code 1, and is said with the seed and the command', async t => {
  const env = { NODE_OPTIONS: `--import ${new URL('./fixtures/forgetful-engine.js', import.meta.url).href}` }
  const one = await simulate(t, ['baseline', ...tiny, '--seed', '3'], { env })
  assert.equal(one.code, 1)
  assert.ok(
    one.stdout.some(line => /^Checks {2}\d+ of \d+ violated$/.test(line)),
    one.stdout.join('\n')
  )
  assert.deepEqual(one.stderr.slice(0, 2), ['Failed  1 seed', '  seed 3'])
  assert.match(
    one.stderr.join('\n'),
    /\n {4}deadlines: [\d,]+ violated, first at \d+ ms[^]*\n {4}.* simulate baseline --seed 3 --nodes 25/
  )

  const many = await simulate(t, ['baseline', ...tiny, '--seed', '3', '--seeds', '2', '--json'], { env })
  assert.equal(many.code, 1)
  assert.deepEqual(
    seedsReportOf(many).failures.map(({ seed }) => seed),
    ['3', '4']
  )
})

test('--shrink gives the smallest run that fails in the same way, and its command does', async t => {
  const env = { NODE_OPTIONS: `--import ${new URL('./fixtures/forgetful-engine.js', import.meta.url).href}` }
  const { code, stderr } = await simulate(t, ['baseline', ...tiny, '--seed', '3', '--shrink'], { env })
  assert.equal(code, 1)
  const [command = ''] = stderr.slice(-1)
  const [, args = ''] = command.split(' simulate ')
  const [, nodes] = /--nodes (\d+)/.exec(args) ?? []
  assert.ok(Number(nodes) < 10, stderr.join('\n'))

  const again = await simulate(t, args.split(' '), { env })
  assert.equal(again.code, 1)
  const first = ({ stderr: lines }: Pick<Result, 'stderr'>): string | undefined => /^ {4}(\w+): /.exec(lines[2] ?? '')?.[1]
  assert.ok(first({ stderr }) !== undefined)
  assert.equal(first(again), first({ stderr }), 'the same checker finds something first')
})

test('under --json and --out what --shrink gives is part of the document', async t => {
  const env = { NODE_OPTIONS: `--import ${new URL('./fixtures/forgetful-engine.js', import.meta.url).href}` }
  const path = await folder(t)
  const result = await simulate(t, ['baseline', ...tiny, '--seed', '3', '--shrink', '--json', '--out', path], { env })
  assert.equal(result.code, 1)
  const { smallest, seed } = reportOf(result)
  assert.equal(seed, '3')
  assert.match(smallest?.command ?? '', / simulate baseline --seed 3 --nodes \d /)
  assert.ok(smallest?.findings.some(({ checker }) => checker === 'deadlines'))
  const written = JSON.parse(await readFile(join(path, 'report.json'), 'utf8')) as SeedReport
  assert.deepEqual(written.smallest, smallest)
})

test('Ctrl-C while a run is made small gives the smallest until then', async t => {
  const env = { NODE_OPTIONS: `--import ${new URL('./fixtures/forgetful-engine.js', import.meta.url).href}` }
  const nodeArgs = preload(`let asked = false
    process.on('worker', worker => worker.on('message', ({ type }) => {
      if (type === 'shrinking' && !asked) {
        asked = true
        process.kill(process.pid, 'SIGINT')
      }
    }))`)
  const { code, stderr } = await simulate(t, ['baseline', ...tiny, '--seed', '3', '--shrink'], { env, nodeArgs })
  assert.equal(code, 130)
  assert.ok(
    stderr.some(line => /^ {2}the smallest found until it was interrupted, of \d tried$/.test(line)),
    stderr.join('\n')
  )
})

test('what was asked for and is not in the run is remarked', async t => {
  for (const [args, remark] of [
    [['baseline', ...tiny, '--only-lookups', '0,99999'], /^--only-lookups names 99999: of lookups this run has only 0 to \d+$/],
    [['baseline', ...tiny, '--only-faults', '7'], /^--only-faults names 7: of faults this run has none$/],
    [
      ['partition', ...tiny, '--fault-start', '1', '--fault-end', '2', '--only-faults', '0,1'],
      /^--only-faults names 1: .* only 0$/
    ],
    [['partition', ...tiny], /^the faults begin at 300 s, after the last lookup at 5 s: nothing goes wrong in this run$/]
  ] as const) {
    const result = await simulate(t, [...args, '--seed', '1', '--json'])
    assert.equal(result.code, 0)
    assert.equal(result.stderr.length, 1, result.stderr.join('\n'))
    assert.match(result.stderr[0]?.replace(/^Note: /, '') ?? '', remark)
    const [note = ''] = reportOf(result).notes.slice(-1)
    assert.match(`${note.charAt(0).toLowerCase()}${note.slice(1, -1)}`, remark)
  }

  const many = await simulate(t, ['partition', ...tiny, '--seed', '1', '--seeds', '2'])
  assert.equal(many.stderr.filter(line => line.startsWith('Note: seed 1: the faults begin at 300 s')).length, 1)
})

test('a report without lookups says whether any had begun', async t => {
  const { stdout } = await simulate(t, ['baseline', ...tiny, '--seed', '1', '--only-lookups', 'none'])
  assert.ok(stdout.includes('Lookups  none began'))
  const env = { NODE_OPTIONS: `--import ${new URL('./fixtures/forgetful-engine.js', import.meta.url).href}` }
  const failing = await simulate(t, ['baseline', ...tiny, '--seed', '1'], { env })
  assert.ok(failing.stdout.includes('Lookups  none ended'))
})

test('a thread that dies is reported, and takes only its seed along', async t => {
  const dying = "import { isMainThread } from 'node:worker_threads'; if (!isMainThread) process.exit(7)"
  const env = { NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(dying)}` }
  const { code, stdout } = await simulate(t, ['baseline', ...tiny, '--seeds', '3', '--seed', '1'], { env })
  assert.equal(code, 1)
  assert.equal(stdout.filter(line => /^FAILED +\d .*its thread ended with exit code 7$/.test(line)).length, 3)
})

test('--out writes the report and its pictures, and touches no file that exists', async t => {
  const path = join(await folder(t), 'new', 'one')
  const args = [
    'partition',
    '--nodes',
    '25',
    '--duration',
    '20',
    '--fault-start',
    '5',
    '--fault-end',
    '10',
    '--heal',
    '0',
    '--seed',
    '1',
    '--out',
    path
  ]
  const { code, stderr } = await simulate(t, args)
  assert.equal(code, 0, stderr.join('\n'))
  const names = (await readdir(path)).sort()
  assert.deepEqual(names, [
    'course.svg',
    'heat.svg',
    'hops.svg',
    'latency.svg',
    'recall.svg',
    'report.json',
    'requests.svg',
    'walk.svg'
  ])
  assert.deepEqual([...stderr].sort(), ['Written:', ...names.map(name => `  ${join(path, name)}`)].sort())
  assert.equal((JSON.parse(await readFile(join(path, 'report.json'), 'utf8')) as RunReport).seed, '1')
  for (const name of names.filter(each => each.endsWith('.svg'))) {
    assert.match(await readFile(join(path, name), 'utf8'), /^<svg [^]*<\/svg>\n$/)
  }

  const again = await simulate(t, args)
  assert.match(again.stderr.join('\n'), /report\.json exists, and is left as it is: name another folder, or remove it/)
  assert.deepEqual(again.stdout, [], 'it is said before anything is simulated')
  assert.equal(again.code, 1)
})

test('of seeds that have a network each there are no pictures, and it says so', async t => {
  const path = await folder(t)
  const args = ['swarm', '--nodes', '20', '--duration', '5', '--heal', '0', '--seed', '1', '--seeds', '2', '--out', path]
  const { stderr } = await simulate(t, args)
  assert.equal(stderr[0], 'No pictures, only the report: every seed of swarm has a network of its own.')
  assert.deepEqual(await readdir(path), ['report.json'])
})

test('a folder that cannot be written to is refused before anything is simulated', async t => {
  const path = await folder(t)
  await writeFile(join(path, 'file'), '')
  for (const [out, why] of [
    [join(path, 'file'), 'what should be a folder is a file'],
    [join(path, 'file', 'below'), 'what should be a folder is a file'],
    // creating folders there never ends with Node's own way
    ...(existsSync('/proc/self') ? ([['/proc/vicinity', 'there is no such file or folder']] as const) : [])
  ] as const) {
    const { code, stdout, stderr } = await simulate(t, ['baseline', ...tiny, '--seed', '1', '--out', out])
    assert.equal(stderr[0], `vicinity: cannot write to ${out} (${why}): name a folder where you may write`)
    assert.deepEqual(stdout, [])
    assert.equal(code, 1)
  }

  await mkdir(join(path, 'empty'))
  assert.equal((await simulate(t, ['baseline', ...tiny, '--seed', '1', '--out', join(path, 'empty')])).code, 0)
})

test('help of each scenario leads with examples and has every option under its heading', async t => {
  for (const name of [...scenarioNames, 'swarm']) {
    const { code, stdout, stderr } = await simulate(t, [name, '--help'], { env: { COLUMNS: '100' } })
    assert.equal(code, 0)
    assert.deepEqual(stderr, [])
    assert.deepEqual(stdout.slice(0, 1), ['Examples:'])
    assert.match(stdout[1] ?? '', new RegExp(`^ {2}vicinity simulate ${name}`))
    for (const heading of ['This run:', 'Network:', 'Engine of every node:', 'Faults:', 'Adversaries:']) {
      assert.ok(stdout.includes(heading), heading)
    }
    const flags = new Set(stdout.flatMap(line => /^ {2}--(?:no-)?([a-z-]+)/.exec(line)?.[1] ?? []))
    const missing = Object.keys(optionSpecs).filter(
      option => !flags.has(option.replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`))
    )
    assert.deepEqual(missing, [], name)
  }
})

test('alone it lists the scenarios', async t => {
  const { code, stdout } = await simulate(t, [])
  assert.equal(code, 0)
  for (const name of [...scenarioNames, 'swarm', 'replay']) {
    assert.ok(
      stdout.some(line => line.startsWith(`  ${name} `)),
      name
    )
  }
})

test('the command as it was built finds its thread and its packages', {
  skip: existsSync(new URL('../dist/simulate/worker.js', import.meta.url)) ? false : 'nothing is built here: npm run build'
}, async t => {
  const { code, stdout } = await simulate(t, ['baseline', ...tiny, '--seeds', '2', '--seed', '1'], {
    env: { VICINITY_DIST: '1' }
  })
  assert.equal(code, 0, stdout.join('\n'))
  assert.ok(stdout.includes('Checks  all held in 2 runs'))
})

for (const [signal, expected] of [
  ['SIGINT', 130],
  ['SIGTERM', 143]
] as const) {
  test(`${signal} ends a run with the report of what was simulated until then`, async t => {
    const running = vicinity(t, ['simulate', 'baseline', ...endless, '--json'])
    await running.errorLine(/^Drawn: seed \d+$/)
    running.signal(signal)
    const { code } = await running.ended()
    assert.equal(code, expected)
    assert.equal(running.stderr[1], 'Stopping. Ctrl-C again ends at once.')
    const report = JSON.parse(running.stdout.join('\n')) as RunReport
    assert.equal(report.ended, 'interrupted')
    assert.ok(report.virtualTimeMs < 864_000_000)
  })
}

test('Ctrl-C among several seeds reports those that were run', async t => {
  const running = vicinity(t, ['simulate', 'baseline', ...tiny, '--seeds', '100000', '--seed', '1', '--threads', '1'])
  await running.line(/^ok +2 /)
  running.signal('SIGINT')
  const { code } = await running.ended()
  assert.equal(code, 130)
  assert.ok(running.stdout.includes('Interrupted: this is what there was until then.'))
  assert.ok(running.stdout.some(line => /^ {2}[\d,]+ of 100,000 seeds/.test(line)))
})

test('a second Ctrl-C ends at once, without a report', async t => {
  // so that the second is not taken for the echo of the first
  const nodeArgs = preload('let now = 0; performance.now = () => (now += 1000)')
  const running = vicinity(t, ['simulate', 'baseline', ...endless], { nodeArgs })
  await running.errorLine(/^Drawn: seed \d+$/)
  running.signal('SIGINT')
  await running.errorLine('Stopping. Ctrl-C again ends at once.')
  running.signal('SIGINT')
  assert.equal((await running.ended()).code, 130)
  assert.deepEqual(running.stdout, [])
})

test('when nobody reads any more it stops, without a word', async t => {
  const running = vicinity(t, ['simulate', 'baseline', ...tiny, '--seeds', '100000', '--seed', '1'])
  await running.line(/^ok +1 /)
  running.closeOutput()
  assert.equal((await running.ended()).code, 0)
  assert.deepEqual(running.stderr, [])
})

test('what failed until nobody read any more has failed', async t => {
  const env = { NODE_OPTIONS: `--import ${new URL('./fixtures/forgetful-engine.js', import.meta.url).href}` }
  const running = vicinity(t, ['simulate', 'baseline', ...tiny, '--seeds', '100000', '--seed', '1'], { env })
  await running.line(/^FAILED +1 /)
  running.closeOutput()
  assert.equal((await running.ended()).code, 1)
})

test('a report that cannot be written is an error', {
  skip: existsSync('/dev/full') ? false : 'nothing here is a disk that is full'
}, async t => {
  for (const [redirection, reason] of [
    ['>/dev/full', 'no space left'],
    ['1</dev/null', 'standard output is closed']
  ]) {
    for (const args of [
      ['baseline', ...tiny, '--seed', '1'],
      ['baseline', ...tiny, '--seed', '1', '--seeds', '2', '--json'],
      ['paper', '--tables', 'T1', '--json']
    ]) {
      const running = Process.start(t, 'sh', [
        '-c',
        `exec "$0" "$@" ${redirection}`,
        process.execPath,
        entry,
        'simulate',
        ...args
      ])
      assert.equal((await running.ended()).code, 1)
      assert.equal(running.stderr.at(-1), `vicinity: cannot write the report (${reason}): let standard output go elsewhere`)
      assert.ok(!running.stderr.some(line => line.startsWith('Stopping')))
    }
  }
})
