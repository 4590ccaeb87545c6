/** Traces: what is written is read back, whatever it is; and what was recorded, decides the same again. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { defaultConfig, Kademlia, limits, noAddresses, Rng, TraceReader, TraceRecorder } from '@vicinity/kademlia'
import type { KademliaConfig, KademliaInput, KademliaOutput, Machine, TraceEntry, TraceSink } from '@vicinity/kademlia'
import { TraceDecoder } from '../src/trace/decoder.ts'
import { TraceEncoder } from '../src/trace/encoder.ts'
import { contactOf, peerOf, peersOf, targetOf } from './support/contacts.ts'
import { drain } from './support/drain.ts'
import { anyInput, anyLife, inputTypes } from './support/inputs.ts'
import type { TimedInput } from './support/inputs.ts'

const self = contactOf('self')

class Lines implements TraceSink {
  readonly program = 'test/1.0.0'
  readonly commit = '0123456789abcdef0123456789abcdef01234567'
  readonly lines: string[] = []

  line(text: string): void {
    this.lines.push(text)
  }
}

/** A machine that says nothing, and hears all. */
const mute: Machine<KademliaInput, KademliaOutput> = { handle() {}, poll: () => undefined, deadline: Infinity }

function machineOf(config: Partial<KademliaConfig>): Kademlia {
  return new Kademlia(self, config, new Rng('seed'))
}

function recorderOf(
  machine: Machine<KademliaInput, KademliaOutput>,
  sink: TraceSink,
  config: Partial<KademliaConfig> = {}
): TraceRecorder {
  return new TraceRecorder(
    machine,
    { startedAt: 1_700_000_000_000, seed: 'seed', self, config: { ...defaultConfig, ...config } },
    sink
  )
}

/** The entries of a trace that makes sense. */
function read(lines: readonly string[]): TraceEntry[] {
  const reader = new TraceReader()
  const entries: TraceEntry[] = []
  for (const text of lines) {
    const line = reader.read(text)
    assert.notEqual(line.type, 'problem', JSON.stringify(line))
    if (line.type === 'entry') {
      entries.push(line.entry)
    }
  }

  assert.deepEqual(reader.end(), { type: 'end' })
  return entries
}

/** A record of one life: what the driver saw, with a poll now and then as one does that is led back to `handle`. */
function live(machine: Machine<KademliaInput, KademliaOutput>, life: readonly TimedInput[], lazy: boolean): KademliaOutput[] {
  const outputs: KademliaOutput[] = []
  for (const { now, input } of life) {
    machine.handle(now, input)
    const first = lazy ? machine.poll() : undefined
    outputs.push(...(first === undefined ? [] : [first]), ...(lazy ? [] : drain(machine)))
  }

  return [...outputs, ...drain(machine)]
}

describe('a trace', () => {
  test('gives back every input of every type, and what was one thing is one thing again', t => {
    const seen = new Set<string>()
    fc.assert(
      fc.property(fc.array(anyInput, { maxLength: 30 }), inputs => {
        const sink = new Lines()
        const recorder = recorderOf(mute, sink)
        for (const [now, input] of inputs.entries()) {
          seen.add(input.type)
          recorder.handle(now, input)
        }

        recorder.end()
        const entries = read(sink.lines)
        assert.deepEqual(
          entries.map(({ at, input }) => ({ at, input })),
          inputs.map((input, at) => ({ at, input }))
        )
        const peers = entries.flatMap(({ input }) => (input.type === 'peer' ? [input.peer] : []))
        for (const peer of peers) {
          assert.equal(new Set(peers.filter(other => other.contact.id === peer.contact.id).map(({ contact }) => contact)).size, 1)
        }
      })
    )
    assert.deepEqual([...seen].sort(), [...inputTypes].sort(), 'every type was tried')
    t.diagnostic(`${seen.size} types of inputs`)
  })

  test('of any life replays to the same decisions, and the recorder changes none of them, however it is drained', () => {
    const configs: Array<Partial<KademliaConfig>> = [{ mode: 'server', k: 3, alpha: 2, beta: 1 }, { refreshInterval: Infinity }]
    fc.assert(
      fc.property(anyLife, fc.constantFrom(...configs), fc.boolean(), (life, config, lazy) => {
        const sink = new Lines()
        const recorder = recorderOf(machineOf(config), sink, config)
        const outputs = live(recorder, life, lazy)
        recorder.end()
        assert.deepEqual(outputs, live(machineOf(config), life, false))

        const entries = read(sink.lines)
        assert.equal(entries.flatMap(entry => entry.outputs).length, outputs.length)
        const anew = new Lines()
        const again = recorderOf(machineOf(config), anew, config)
        for (const { at, input } of entries) {
          again.handle(at, input)
        }

        again.end()
        assert.deepEqual(anew.lines, sink.lines)
      })
    )
  })

  test('names what it was made with, infinite settings too', () => {
    const sink = new Lines()
    recorderOf(mute, sink, { refreshInterval: Infinity, bootstrapInterval: 1, mode: 'server' })
    assert.deepEqual(new TraceReader().read(sink.lines[0] ?? ''), {
      type: 'header',
      header: {
        program: sink.program,
        commit: sink.commit,
        startedAt: 1_700_000_000_000,
        seed: 'seed',
        self,
        config: { ...defaultConfig, refreshInterval: Infinity, bootstrapInterval: 1, mode: 'server' }
      }
    })
  })

  test('has each output on the line of the input that led to it, though the driver had not drained yet', () => {
    const sink = new Lines()
    const recorder = recorderOf(machineOf({ mode: 'server' }), sink)
    recorder.handle(0, { type: 'request', call: 1, from: contactOf('asker'), message: { type: 'PING' } })
    recorder.handle(0, { type: 'request', call: 2, from: contactOf('asker'), message: { type: 'PING' } })
    assert.deepEqual(
      drain(recorder).map(output => output.type === 'reply' && output.call),
      [1, 2]
    )
    recorder.end()
    assert.deepEqual(
      read(sink.lines).map(({ outputs }) => outputs),
      [1, 2].map(call => [{ type: 'reply', call, message: { type: 'PING' } }])
    )
  })

  test('tells what the machine threw, and then throws it', () => {
    const sink = new Lines()
    const recorder = recorderOf(machineOf({}), sink)
    const twice: KademliaInput = { type: 'start', op: 1, operation: { type: 'closest', target: targetOf('x'), awaitPeers: true } }
    recorder.handle(0, twice)
    assert.throws(() => recorder.handle(1, twice), /starts once/)
    recorder.end()
    assert.deepEqual(
      read(sink.lines).map(({ threw }) => threw),
      [undefined, 'an operation starts once']
    )
  })

  test('writes nothing after its end, and the machine goes on', () => {
    const sink = new Lines()
    const recorder = recorderOf(machineOf({ mode: 'server' }), sink)
    recorder.handle(0, { type: 'stop' })
    recorder.end()
    recorder.end()
    const { length } = sink.lines
    recorder.handle(1, { type: 'start', op: 1, operation: { type: 'refresh' } })
    assert.deepEqual(drain(recorder), [{ type: 'finished', op: 1, outcome: { type: 'refused', reason: 'stopped' } }])
    assert.equal(sink.lines.length, length)
    assert.equal(sink.lines.at(-1), '{"end":1}')
  })

  test('tells addresses as the driver puts them', () => {
    const sink = new Lines()
    const peer = { ...peerOf('p'), addresses: { count: 2, text: ['*0', '*1'] } }
    const header = { startedAt: 0, seed: '', self, config: defaultConfig }
    const recorder = new TraceRecorder(mute, header, sink)
    recorder.handle(0, { type: 'peer', peer, state: 'serving' })
    recorder.handle(0, { type: 'self', addresses: noAddresses })
    recorder.end()
    const inputs = read(sink.lines).map(({ input }) => input)
    assert.deepEqual(inputs, [
      { type: 'peer', peer, state: 'serving' },
      { type: 'self', addresses: { count: 0 } }
    ])
  })

  test('writes out again what a reader may have forgotten', () => {
    const encoder = new TraceEncoder()
    const decoder = new TraceDecoder()
    const first = contactOf('first')
    const pass = (value: unknown): unknown => decoder.decode(JSON.parse(JSON.stringify(encoder.encode(value))))
    assert.deepEqual(pass(first), first)
    const { bytes, key } = targetOf('other')
    for (let i = 1; i < limits.traceReferences; i++) {
      pass({ bytes, key })
    }

    assert.equal(encoder.encode(first), '*0', 'it is the oldest that is known')
    assert.deepEqual(decoder.decode('*0'), first)
    pass({ bytes, key })
    assert.throws(() => decoder.decode('*0'), /nothing before has defined/)
    assert.deepEqual(pass(first), first)
    assert.equal(encoder.encode(first), `*${limits.traceReferences + 1}`)
  })
})

describe('a trace that makes no sense', () => {
  const [header = '', ...entries] = whole()

  /** A header, two entries with references, and the end. */
  function whole(): string[] {
    const sink = new Lines()
    const recorder = recorderOf(machineOf({ mode: 'server' }), sink)
    const [a, b] = peersOf('p', 2)
    recorder.handle(5, { type: 'peer', peer: a ?? peerOf('a'), state: 'serving' })
    recorder.handle(7, { type: 'response', rpc: 1, message: { type: 'FIND_NODE', closer: [b ?? peerOf('b')] } })
    recorder.end()
    return sink.lines
  }

  const [first = '', second = '', last = ''] = entries
  const at = (time: unknown, input: unknown, rest: object = {}): string => JSON.stringify({ at: time, in: input, ...rest })
  const tick = at(7, { type: 'tick' })
  const deep = `${'['.repeat(limits.traceDepth + 2)}${']'.repeat(limits.traceDepth + 2)}`

  const cases: ReadonlyArray<readonly [what: string, lines: readonly string[], reason: string, line: number, message: RegExp]> = [
    ['nothing', [], 'cut', 1, /nothing in it/],
    [
      'another version',
      [header.replace('trace":1', 'trace":2'), first],
      'version',
      1,
      /of version 2, .* reads version 1; .*0123456789abcdef/
    ],
    ['another file', ['{"name":"x"}'], 'corrupt', 1, /not the first line of a trace/],
    ['no object', ['[]'], 'corrupt', 1, /not an object/],
    ['a seed that is a number', [header.replace('"seed":"seed"', '"seed":5')], 'corrupt', 1, /"seed"/],
    ['a setting of nobody', [header.replace('"k":20', '"kay":20')], 'corrupt', 1, /setting "kay"/],
    ['a setting of another type', [header.replace('"k":20', '"k":"20"')], 'corrupt', 1, /setting "k" is "20", and not a number/],
    ['a setting out of its range', [header.replace('"k":20', '"k":0')], 'corrupt', 1, /k is a whole number from 1 to/],
    ['another mode', [header.replace('"mode":"client"', '"mode":"both"')], 'corrupt', 1, /"mode" that is one of client, server/],
    ['no self', [header.replace('"self":{', '"other":{')], 'corrupt', 1, /"self"/],
    ['no JSON', [header, first, '{"at":7', last], 'corrupt', 3, /not JSON: \{"at":7/],
    ['an empty line', [header, '', first], 'corrupt', 2, /empty/],
    ['a line that is too long', [header, ' '.repeat(limits.traceLineLength + 1)], 'corrupt', 2, /longer than/],
    ['nested values', [header, at(1, { type: 'tick' }, { out: [JSON.parse(deep)] })], 'corrupt', 2, /nested/],
    ['an unknown input', [header, at(1, { type: 'dream' })], 'corrupt', 2, /no input of the type "dream"/],
    ['an input of Object', [header, at(1, { type: 'constructor' })], 'corrupt', 2, /no input of the type "constructor"/],
    ['no input', [header, '{"at":1}'], 'corrupt', 2, /an input is not an object/],
    ['a field of nobody', [header, at(1, { type: 'tick', when: 3 })], 'corrupt', 2, /"when", which this version does not know/],
    ['a field that is missing', [header, at(1, { type: 'cancel' })], 'corrupt', 2, /no field "op"/],
    ['an operation of our own', [header, at(1, { type: 'cancel', op: -1 })], 'corrupt', 2, /"op" that is a whole number from 1/],
    [
      'an unknown response',
      [header, at(1, { type: 'response', rpc: 1, message: { type: 'NO' } })],
      'corrupt',
      2,
      /no response of the type/
    ],
    ['an entry of a list', [header, at(1, { type: 'restore', entries: [3] })], 'corrupt', 2, /a saved entry is not an object/],
    ['half a byte', [header, at(1, { type: 'tick' }, { out: ['*xabc'] })], 'corrupt', 2, /hexadecimal/],
    ['half a key', [header, at(1, { type: 'tick' }, { out: ['*kab'] })], 'corrupt', 2, /32 bytes of a key/],
    ['a number of nothing', [header, at(1, { type: 'tick' }, { out: ['*-5'] })], 'corrupt', 2, /no number/],
    ['a time of nothing', [header, at(-1, { type: 'tick' })], 'corrupt', 2, /"at"/],
    ['a broken time', [header, at(1.5, { type: 'tick' })], 'corrupt', 2, /"at"/],
    [
      'time that runs backwards',
      [header, first, tick, at(6, { type: 'tick' })],
      'corrupt',
      4,
      /backwards: it is at 6 ms, .* 7 ms/
    ],
    [
      'a reference to nobody',
      [header, at(1, { type: 'peer', peer: '*77', state: 'serving' })],
      'corrupt',
      2,
      /"\*77", which nothing/
    ],
    [
      'a reference to another kind',
      [header, at(1, { type: 'peer', peer: '*0', state: 'serving' })],
      'corrupt',
      2,
      /"peer" that is a peer/
    ],
    ['a line that is missing', [header, second, last], 'corrupt', 2, /something before it is missing/],
    ['a count that is wrong', [header, first, last], 'corrupt', 3, /2 inputs came before it, and there are 1/],
    ['more after the end', [header, first, second, last, tick], 'corrupt', 5, /follows the end/],
    ['no end', [header, first, second], 'cut', 3, /there is no more; the node was killed/]
  ]
  for (const [what, lines, reason, line, message] of cases) {
    test(`for ${what} says so, with the line`, () => {
      const reader = new TraceReader()
      const problem = lines.map(text => reader.read(text)).find(({ type }) => type === 'problem') ?? reader.end()
      assert.equal(problem.type, 'problem')
      assert.deepEqual({ reason: problem.reason, line: problem.line }, { reason, line }, problem.message)
      assert.match(problem.message, message)
      // it does not go on as if nothing had been
      assert.equal(reader.read(tick), problem)
      assert.equal(reader.end(), problem)
    })
  }

  test('because its last line was cut off, wherever that was, says so too', () => {
    for (let length = 1; length < second.length; length++) {
      const reader = new TraceReader()
      reader.read(header)
      reader.read(first)
      const line = reader.read(second.slice(0, length), false)
      assert.equal(line.type, 'problem')
      assert.deepEqual([line.reason, line.line], ['cut', 3])
    }
  })

  test('never throws, whatever was done to its text', () => {
    const text = [header, first, second, last].join('\n')
    fc.assert(
      fc.property(fc.nat(text.length - 1), fc.nat(3), fc.string({ maxLength: 3 }), (from, length, other) => {
        const reader = new TraceReader()
        for (const line of `${text.slice(0, from)}${other}${text.slice(from + length)}`.split('\n')) {
          reader.read(line)
        }

        reader.end()
      }),
      { numRuns: 2_000 }
    )
  })
})
