/** Traces of live nodes: a machine that is told the same again decides the same, however the driver came to tell it. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Kademlia, Rng, TraceReader, TraceRecorder } from '@vicinity/kademlia'
import type { TraceEntry, TraceHeader } from '@vicinity/kademlia'
import type { KadDHTInit, TraceSink } from '../src/index.ts'
import { testnet } from '../src/testnet.ts'
import { startOurs } from './support/nodes.ts'
import { all } from './support/waiting.ts'

/** A trace for each start of each node, in the order of the starts. */
function recording(): { readonly traces: string[][]; readonly dht: KadDHTInit } {
  const traces: string[][] = []
  const trace = (): TraceSink => {
    const lines: string[] = []
    traces.push(lines)
    return { program: 'test/1.0.0', line: text => void lines.push(text) }
  }
  return { traces, dht: { trace } }
}

interface Read {
  readonly header: TraceHeader
  readonly entries: readonly TraceEntry[]
}

function read(lines: readonly string[]): Read {
  const reader = new TraceReader()
  const found = lines.map(text => reader.read(text))
  const [first] = found
  assert(first?.type === 'header', JSON.stringify(first))
  assert.deepEqual(reader.end(), { type: 'end' })
  return { header: first.header, entries: found.flatMap(line => (line.type === 'entry' ? [line.entry] : [])) }
}

/** Tells a new machine the same, recording anew: the two traces have to be one, character by character. */
function assertReplays(lines: readonly string[]): Read {
  const trace = read(lines)
  const { program, commit, ...header } = trace.header
  const anew: string[] = []
  const machine = new Kademlia(header.self, header.config, new Rng(header.seed))
  const sink = { program, commit, line: (text: string) => void anew.push(text) }
  const recorder = new TraceRecorder(machine, header, sink)
  for (const { at, input } of trace.entries) {
    recorder.handle(at, input)
  }

  recorder.end()
  assert.deepEqual(anew, lines)
  return trace
}

function inputsOf({ entries }: Read): Set<string> {
  return new Set(entries.map(({ input }) => (input.type === 'start' ? `start ${input.operation.type}` : input.type)))
}

describe('the trace of a node', () => {
  test('replays, whatever the node did: joins, lookups, aborts, answers, losses, and a stop', async () => {
    const { traces, dht } = recording()
    await using net = await testnet(10, { dht })
    const [asker, gone, wanted, ...others] = net.nodes
    assert(asker !== undefined && gone !== undefined && wanted !== undefined)
    await gone.stop()
    const key = wanted.peerId.toMultihash().bytes
    for (const node of [asker, ...others]) {
      await all(node.services.dht.getClosestPeers(key))
      await all(node.services.dht.findPeer(wanted.peerId, { useCache: false }))
    }

    for await (const event of asker.services.dht.getClosestPeers(key)) {
      // a caller who has seen enough
      assert.equal(event.name, 'SEND_QUERY')
      break
    }

    await asker.services.dht.refreshRoutingTable()
    await net.stop()

    assert.equal(traces.length, 10)
    const seen = new Set(traces.flatMap(lines => [...inputsOf(assertReplays(lines))]))
    for (const type of [
      'clock',
      'self',
      'mode',
      'restore',
      'peer',
      'opened',
      'response',
      'request',
      'targeted',
      'tick',
      'stop'
    ]) {
      assert.ok(seen.has(type), `${type} is not among ${[...seen].join(', ')}`)
    }

    for (const type of ['start closest', 'start findPeer', 'start bootstrap', 'start refresh', 'cancel']) {
      assert.ok(seen.has(type), `${type} is not among ${[...seen].join(', ')}`)
    }
  })

  test('replays too where what hears of a decision tells the engine more before the rest of it is heard', async t => {
    const { traces, dht } = recording()
    const node = await startOurs(t, { dht })
    const nested: Array<Promise<void>> = []
    // heard while the driver drains the engine
    node.services.dht.addEventListener('table', () => {
      nested.push(node.services.dht.refreshRoutingTable().catch(() => {}))
    })
    for (const other of [await startOurs(t), await startOurs(t), await startOurs(t)]) {
      await other.dial(node.getMultiaddrs())
      await other.services.dht.bootstrap()
    }

    await node.services.dht.bootstrap()
    await node.stop()
    await Promise.all(nested)
    assert.ok(nested.length >= 3)
    const [lines = []] = traces
    const { entries } = assertReplays(lines)
    // the engine is told at once, within the millisecond in which it said that its table changed
    const changes = entries.flatMap(({ outputs }, i) => (JSON.stringify(outputs).includes('"type":"table"') ? [i] : []))
    for (const i of changes) {
      const next = entries[i + 1]?.input
      assert(next?.type === 'start' && next.operation.type === 'refresh', JSON.stringify(entries[i + 1]))
    }
    assert.ok(changes.length >= 3)
  })

  test('is one for each start, and names the settings', async t => {
    const { traces, dht } = recording()
    const node = await startOurs(t, { dht: { ...dht, alpha: 4, kBucketSize: 7, querySelfInterval: Infinity } })
    await node.stop()
    await node.start()
    await node.stop()
    assert.equal(traces.length, 2)
    const headers = traces.map(lines => assertReplays(lines).header)
    for (const { self, config, startedAt } of headers) {
      assert.equal(self.id, node.peerId.toString())
      assert.deepEqual(
        { k: config.k, alpha: config.alpha, bootstrapInterval: config.bootstrapInterval },
        { k: 7, alpha: 4, bootstrapInterval: Infinity }
      )
      assert.ok(startedAt > 0)
    }

    assert.equal(new Set(headers.map(({ seed }) => seed)).size, 2)
  })
})
