/** Replays: of traces that agree, of behaviour that changed, and of files that are no traces. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { defaultConfig, Kademlia, keyFromBytes, keyHead, Rng, TraceRecorder } from '@vicinity/kademlia'
import type { Contact, KademliaInput, PeerInfo } from '@vicinity/kademlia'
import { Replay, replay } from '@vicinity/simulator/replay'
import type { ReplayReport } from '@vicinity/simulator/replay'

function contactOf(name: string): Contact {
  const bytes = new TextEncoder().encode(name.padEnd(32))
  const key = keyFromBytes(bytes)
  return { id: name, bytes, key, head: keyHead(key) }
}

function peerOf(name: string): PeerInfo {
  return { contact: contactOf(name), addresses: { count: 1 }, groups: [] }
}

/** The trace of a small life: a node joins through a peer, is told of others, looks for one, and serves. */
function recorded(): string[] {
  const lines: string[] = []
  const self = contactOf('self')
  const config = { ...defaultConfig, mode: 'server', refreshInterval: Infinity } as const
  const sink = { program: 'test/1.0.0', line: (text: string) => void lines.push(text) }
  const recorder = new TraceRecorder(
    new Kademlia(self, config, new Rng('seed')),
    { startedAt: 0, seed: 'seed', self, config },
    sink
  )
  const others = ['a', 'b', 'c', 'd', 'e'].map(peerOf)
  const life: KademliaInput[] = [
    { type: 'clock', wallAtZero: 1_700_000_000_000 },
    { type: 'peer', peer: peerOf('first'), state: 'connected' },
    { type: 'peer', peer: peerOf('first'), state: 'serving' },
    { type: 'opened', rpc: 1 },
    { type: 'response', rpc: 1, message: { type: 'FIND_NODE', closer: others } },
    { type: 'opened', rpc: 2 },
    { type: 'response', rpc: 2, message: { type: 'FIND_NODE', closer: others } },
    { type: 'start', op: 1, operation: { type: 'closest', target: contactOf('wanted') } },
    { type: 'failure', rpc: 3, reason: 'dial' },
    { type: 'request', call: 1, from: contactOf('asker'), message: { type: 'FIND_NODE', target: contactOf('c') } },
    { type: 'tick' },
    { type: 'stop' }
  ]
  for (const [i, input] of life.entries()) {
    recorder.handle(100 * i, input)
    while (recorder.poll() !== undefined) {}
  }

  recorder.end()
  return lines
}

function replayed(lines: readonly string[], partial = false): ReplayReport {
  return replay([`${lines.join('\n')}\n`], { partial })
}

/** The trace with one line changed; fails if that changes nothing. */
function changed(lines: readonly string[], line: number, change: (text: string) => string): string[] {
  const text = lines[line - 1] ?? ''
  assert.notEqual(change(text), text, `line ${line} is ${text}`)
  return lines.with(line - 1, change(text))
}

function assertDifferent(report: ReplayReport): asserts report is Extract<ReplayReport, { verdict: 'different' }> {
  assert.equal(report.verdict, 'different', JSON.stringify(report))
}

describe('a replay', () => {
  test('of the same machine decides the same, and counts what it went through', () => {
    const lines = recorded()
    const report = replayed(lines)
    assert.equal(report.verdict, 'same')
    const { counts } = report
    assert.deepEqual(
      [counts.inputs, counts.duration, counts.operations, counts.answers, counts.served],
      [12, 1_100, 1, 2, 1],
      JSON.stringify(counts)
    )
    assert.equal(counts.requests, lines.join().split('"type":"send"').length - 1)
    assert.ok(counts.requests > 5 && counts.tableChanges > 0, JSON.stringify(counts))
    assert.equal(report.header.config.refreshInterval, Infinity)
  })

  test('takes the text in pieces of any length, and no more than it needs', () => {
    const text = `${recorded().join('\n')}\n`
    const expected = replayed(recorded())
    for (const length of [1, 7, 1_000]) {
      const pieces = text.match(new RegExp(`[^]{1,${length}}`, 'g')) ?? []
      assert.deepEqual(replay(pieces), expected)
    }

    const endless = new Replay()
    assert.equal(endless.push('no trace\n'), false)
    assert.equal(endless.push(text), false)
    assert.equal(endless.end().verdict, 'unreadable')
  })

  test('with another α shows the first decision that is another', () => {
    const lines = recorded()
    const alpha = replayed(changed(lines, 1, text => text.replace('"alpha":10', '"alpha":1')))
    assertDifferent(alpha)
    assert.deepEqual([alpha.difference.at, alpha.difference.path], [600, ''], JSON.stringify(alpha.difference))
  })

  test('shows which output differs, where, and both of them', () => {
    const lines = recorded()
    const line = lines.findIndex(text => text.includes('"type":"reply"')) + 1
    const report = replayed(changed(lines, line, text => text.replace('"reply","call":1', '"reply","call":7')))
    assertDifferent(report)
    const { difference } = report
    assert.deepEqual(
      [difference.line, difference.at, difference.output, difference.path],
      [line, 900, 1, 'call'],
      JSON.stringify(difference)
    )
    assert.match(difference.input, /"type":"request".*"from":"asker"/)
    assert.match(difference.recorded, /"call":7/)
    assert.match(difference.replayed, /"call":1/)
  })

  test('misses no output, and allows none besides', () => {
    const lines = recorded()
    const line = lines.findIndex(text => text.includes('"type":"reply"')) + 1
    const more = replayed(changed(lines, line, text => text.replace(/\]}$/, ',{"type":"abandon","rpc":1}]}')))
    assertDifferent(more)
    assert.deepEqual([more.difference.line, more.difference.output], [line, 2])
    assert.deepEqual([more.difference.recorded, more.difference.replayed], ['{"type":"abandon","rpc":1}', 'nothing'])

    const fewer = replayed(changed(lines, line, text => text.replace(/,"out":.*}$/, '}')))
    assertDifferent(fewer)
    assert.deepEqual([fewer.difference.line, fewer.difference.output, fewer.difference.recorded], [line, 1, 'nothing'])
    assert.match(fewer.difference.replayed, /"type":"reply"/)
  })

  test('throws where the machine threw, and says so where only one of the two did', () => {
    const lines = recorded()
    const line = lines.findIndex(text => text.includes('"type":"start"')) + 1
    const again = '{"at":700,"in":{"type":"start","op":1,"operation":{"type":"closest","target":"*0"}}'
    const more = (text: string): string[] => [...lines.slice(0, line), text, '{"end":9}']
    assert.equal(replayed(more(`${again},"threw":"an operation starts once"}`)).verdict, 'same')
    const other = replayed(more(`${again},"threw":"something else"}`))
    assertDifferent(other)
    assert.match(other.difference.recorded, /it threw: something else/)
    const alone = replayed(more(`${again}}`))
    assertDifferent(alone)
    assert.deepEqual([alone.difference.recorded, alone.difference.line], ['nothing', line + 1])
    assert.match(alone.difference.replayed, /it threw: an operation starts once/)
  })
})

describe('a trace that is none', () => {
  test('is unreadable, with the line', () => {
    const lines = recorded()
    const cases: ReadonlyArray<readonly [lines: string[], reason: string, line: number]> = [
      [changed(lines, 1, text => text.replace('trace":1', 'trace":9')), 'version', 1],
      [changed(lines, 6, text => text.slice(0, -1)), 'corrupt', 6],
      [changed(lines, 5, text => text.replace('"in"', '"inn"')), 'corrupt', 5],
      [changed(lines, 8, text => text.replace('"at":600', '"at":100')), 'corrupt', 8],
      // the line after it names what it defined
      [lines.toSpliced(3, 1), 'corrupt', 5]
    ]
    for (const [text, reason, line] of cases) {
      const report = replayed(text, true)
      assert.equal(report.verdict, 'unreadable', reason)
      assert.deepEqual([report.problem.reason, report.problem.line], [reason, line], report.problem.message)
    }

    const nothing = replay([])
    assert.equal(nothing.verdict === 'unreadable' && nothing.problem.line, 1)
  })

  test('because it was cut off is refused, or replayed as far as it goes', () => {
    const lines = recorded()
    const text = `${lines.join('\n')}\n`
    for (let length = 1; length < text.length - 1; length += 7) {
      const cut = text.slice(0, length)
      const line = cut.split('\n').length - (cut.endsWith('\n') ? 1 : 0)
      const refused = replay([cut])
      assert.equal(refused.verdict, 'unreadable', cut)
      assert.deepEqual([refused.problem.reason, refused.problem.line], ['cut', line], refused.problem.message)

      const partial = replay([cut], { partial: true })
      const hasBegun = length >= (lines[0] ?? '').length
      assert.equal(partial.verdict, hasBegun ? 'same' : 'unreadable')
      assert.equal(partial.verdict === 'same' && partial.cut?.line, hasBegun && line)
    }
  })
})

/** Recorded by `vicinity node --record` among real peers. How it is recorded anew: CONTRIBUTING.md. */
describe('the trace of a live node', () => {
  const text = readFileSync(new URL('./fixtures/live-node.jsonl', import.meta.url), 'utf8')

  test('that joined, looked up and served in a network of real peers replays to the same decisions', t => {
    const report = replay([text])
    assert.equal(report.verdict, 'same', `record it anew if this was meant (CONTRIBUTING.md): ${JSON.stringify(report)}`)
    const { header, counts } = report
    assert.match(header.commit ?? '', /^[0-9a-f]{40}$/, 'it names the commit')
    assert.ok(
      counts.operations >= 1 && counts.requests >= 50 && counts.served >= 10 && counts.tableChanges >= 10,
      JSON.stringify(counts)
    )
    t.diagnostic(JSON.stringify(counts))
  })

  test('finds other settings out', () => {
    for (const [from, to] of [
      ['"alpha":10', '"alpha":2'],
      ['"k":20', '"k":6']
    ] as const) {
      assert.ok(text.includes(from), from)
      const report = replay([text.replace(from, to)])
      assert.equal(report.verdict, 'different', to)
    }
  })
})
