/** The page of a report: what must stand on it, in any run. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Distribution, formatReport, passed, reportVersion } from '../../src/report/index.ts'
import type { RunReport, Summary } from '../../src/report/index.ts'

function summary(...values: number[]): Summary | undefined {
  const distribution = new Distribution()
  for (const value of values) {
    distribution.add(value)
  }

  return distribution.summary()
}

const hops = summary(2, 3, 3, 5)
const latencyMs = summary(300, 400, 500, 4_200)
const recall = summary(1, 1, 1, 0.85)
const sent = summary(1_000, 1_200)

const report: RunReport = {
  version: reportVersion,
  scenario: 'partition',
  seed: '42',
  commit: 'b6874d1',
  command: 'npx vicinity simulate partition --seed 42',
  options: { nodes: 10_000, loss: 0.005, latency: 'regions', wire: false },
  ended: 'completed',
  virtualTimeMs: 14_400_000,
  nodes: 10_000,
  events: 34_120_331,
  requests: 8_310_220,
  hash: '9f3ac0d2417be6b1',
  lookups: {
    count: 4,
    succeeded: 3,
    criterion: 'recall of at least .95',
    ...(hops === undefined ? {} : { hops }),
    ...(latencyMs === undefined ? {} : { latencyMs }),
    ...(recall === undefined ? {} : { recall })
  },
  messagesPerNode: sent === undefined ? {} : { sent },
  failures: { dial: 9_000, timeout: 1_000, reset: 0 },
  checkers: [
    { name: 'true k closest', checked: 4, violations: 0 },
    { name: 'nothing left', checked: 10_000, violations: 3, first: 'node 17 has 2 requests in flight at 4 h' }
  ],
  tables: [{ title: 'Buckets', columns: [{ title: 'bucket' }, { title: 'held' }], rows: [[9, 14.93]] }],
  notes: ['Tables were built converged.'],
  machine: { wallTimeMs: 42_100, eventsPerSecond: 810_460, requestsPerSecond: 197_392, peakMemoryBytes: 1.21e9 }
}

describe('a report', () => {
  it('says on one page what ran, what it came to and how to run it again', () => {
    const page = formatReport(report)
    for (const line of [
      'partition · 10,000 nodes · seed 42 · commit b6874d1',
      '  in 42.1 s · 810,460 events/s · 197,392 requests/s · 1.2 GB of memory',
      '  nodes 10000 · loss 0.005 · latency regions · wire false',
      'Lookups  4 · 75.00 % succeeded (recall of at least .95) · 1 did not',
      '                          mean       p50       p90       p95       p99       max',
      '  hops                    3.25         3         5         5         5         5',
      '  latency               1.35 s    400 ms     4.2 s     4.2 s     4.2 s     4.2 s',
      '                          mean       p50       p10        p5        p1       min',
      '  recall               96.25 %     100 %   85.00 %   85.00 %   85.00 %   85.00 %',
      'Cost per node  in 4 h',
      '  messages sent          1,100     1,000     1,200     1,200     1,200     1,200',
      'Requests without an answer  10,000 of 8,310,220, 0.12 %',
      '  dial                   9,000   90.00 %',
      '  nothing left          10,000  3 violated',
      '    first: node 17 has 2 requests in flight at 4 h',
      'Checks  1 of 2 violated',
      '  bucket  held',
      'Hash   9f3ac0d2417be6b1',
      'Again  npx vicinity simulate partition --seed 42'
    ]) {
      assert.ok(page.split('\n').includes(line), `${page}\nhas no line:\n${line}`)
    }

    assert.doesNotMatch(page, /reset/, 'a reason that never occurred')
    assert.ok(page.split('\n').every(line => Array.from(line).length <= 80))
  })

  it('is the same page again after it was kept as JSON', () => {
    assert.equal(formatReport(JSON.parse(JSON.stringify(report)) as RunReport), formatReport(report))
  })

  it('is coloured only where that is asked for, and then says the same', () => {
    assert.doesNotMatch(formatReport(report), /\u001b/)
    const coloured = formatReport(report, { colour: true })
    assert.match(coloured, /\u001b\[31m1 of 2 violated\u001b\[39m/)
    assert.equal(coloured.replaceAll(/\u001b\[\d+m/g, ''), formatReport(report))
  })

  it('says when all held, when it was interrupted, and when there was nothing to tell', () => {
    const held = { ...report, checkers: report.checkers.slice(0, 1) }
    assert.deepEqual([passed(report), passed(held)], [false, true])
    assert.match(formatReport(held), /^Checks {2}all held$/m)
    assert.match(formatReport({ ...report, ended: 'interrupted' }), /^Interrupted: /m)
    const lookups = { count: 0, succeeded: 0, criterion: 'any' }
    const empty = formatReport({ ...report, lookups, messagesPerNode: {}, failures: {}, checkers: [], tables: [], notes: [] })
    assert.match(empty, /^Lookups {2}none ended\n\nHash/m)
  })

  it('shows the parts of a run beside each other', () => {
    const phases = [
      { name: 'before', fromMs: 0, toMs: 3_600_000, lookups: report.lookups },
      { name: 'split', fromMs: 3_600_000, toMs: 7_200_000, lookups: { count: 0, succeeded: 0, criterion: 'any' } }
    ]
    const page = formatReport({ ...report, phases })
    assert.match(page, /^ {2}before +0 s +1 h +4 +75\.00 % +96\.25 % +– +400 ms +4\.2 s$/m)
    assert.match(page, /^ {2}split +1 h +2 h +0 +– +– +– +– +–$/m)
  })

  it('says how many of the peers that were there were found', () => {
    const page = formatReport({ ...report, searches: { count: 120, findable: 100, found: 99 } })
    assert.match(page, /Peers looked for {2}120 · 99\.00 % of 100 that were there were found/)
    assert.match(formatReport({ ...report, searches: { count: 1, findable: 0, found: 0 } }), /Peers looked for {2}1\n/)
  })

  it('lets no text of a run command the terminal', () => {
    const hostile = '\u001b[2J\u202e'
    const page = formatReport({
      ...report,
      scenario: hostile,
      seed: hostile,
      hash: hostile,
      command: hostile,
      options: { [hostile]: hostile },
      failures: { [hostile]: 1 },
      checkers: [{ name: hostile, checked: 1, violations: 1, first: hostile }],
      tables: [{ title: hostile, columns: [{ title: hostile }], rows: [[hostile]] }],
      notes: [hostile]
    })
    assert.doesNotMatch(page, /[\u001b\u202e]/)
  })
})
