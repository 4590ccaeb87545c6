/**
 * The codec beside protobufjs: a FIND_NODE answer of 20 peers with two addresses each, encoded and decoded, and what the
 * worst frames cost to refuse or to read. `--smoke` runs everything with tiny inputs.
 *
 * The sides of a comparison take turns, each round has a fixed number of iterations, results are consumed, and the
 * median of the rounds counts.
 */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { decodeMessage, encodeFrame, encodePeer, FrameReader, WireError } from '@vicinity/wire'
import type { WirePeer } from '@vicinity/wire'
import protobuf from 'protobufjs'

const smoke = process.argv.includes('--smoke')
const rounds = smoke ? 3 : 15
const iterations = smoke ? 10 : 20_000
const floodBytes = smoke ? 4 * 1024 : 4 * 1024 * 1024

/** Everything that was made ends up in here, so that nothing is optimised away. */
let consumed = 0

interface Side {
  readonly name: string
  run(): number
}

/** Median nanoseconds of one iteration of each side, in their order. */
function compare(sides: readonly Side[], times: number): number[] {
  const samples: number[][] = sides.map(() => [])
  for (let round = -1; round < rounds; round++) {
    for (const [index, side] of sides.entries()) {
      const start = process.hrtime.bigint()
      for (let i = 0; i < times; i++) {
        consumed += side.run()
      }

      const each = Number(process.hrtime.bigint() - start) / times
      if (round >= 0) {
        samples[index]?.push(each)
      }
    }
  }

  return samples.map(median)
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN
}

/** Prints each side with how many times faster the first one is. */
function report(title: string, sides: readonly Side[]): void {
  console.log(title)
  const times = compare(sides, iterations)
  const first = times[0] ?? Number.NaN
  for (const [index, side] of sides.entries()) {
    const nanos = times[index] ?? Number.NaN
    console.log(
      `  ${side.name.padEnd(34)} ${(nanos / 1_000).toFixed(2).padStart(8)} µs ${(nanos / first).toFixed(2).padStart(7)}x`
    )
  }
}

const referenceType = protobuf
  .parse(`
  syntax = "proto3";
  message Peer { bytes id = 1; repeated bytes addrs = 2; int32 connection = 3; }
  message Message { int32 type = 1; bytes key = 2; repeated Peer closerPeers = 8; repeated Peer providerPeers = 9; }
`)
  .root.lookupType('Message')

function randomBytes(length: number, ...start: number[]): Uint8Array {
  const bytes = crypto.getRandomValues(new Uint8Array(length))
  bytes.set(start)
  return bytes
}

const peers: WirePeer[] = Array.from({ length: 20 }, () => ({
  id: randomBytes(38, 0, 0x24, 8, 1, 0x12, 0x20),
  addresses: [randomBytes(8, 4), randomBytes(11, 4)],
  connection: 'CONNECTED'
}))
const key = randomBytes(38)

function compareAnswers(): void {
  const cached = peers.map(encodePeer)
  const reference = {
    type: 4,
    key,
    closerPeers: peers.map(({ id, addresses }) => ({ id, addrs: addresses, connection: 1 }))
  }
  const body = referenceType.encode(reference).finish()
  const frame = encodeFrame({ type: 'FIND_NODE', key, closer: cached })
  console.log(`FIND_NODE answer of 20 peers, two addresses each: ${frame.byteLength} bytes; times as slow as the first`)

  report('encode with length prefix', [
    { name: 'wire, cached peers', run: () => encodeFrame({ type: 'FIND_NODE', key, closer: cached }).byteLength },
    { name: 'wire, peers encoded each time', run: () => encodeFrame({ type: 'FIND_NODE', key, closer: peers }).byteLength },
    { name: 'protobufjs', run: () => referenceType.encodeDelimited(reference).finish().byteLength }
  ])

  report('decode', [
    { name: 'wire', run: () => decodeMessage(body).closer.length },
    { name: 'protobufjs', run: () => (referenceType.decode(body) as unknown as { closerPeers: unknown[] }).closerPeers.length },
    {
      name: 'protobufjs, input a Uint8Array',
      run: () => (referenceType.decode(Uint8Array.from(body)) as unknown as { closerPeers: unknown[] }).closerPeers.length
    }
  ])

  const reader = new FrameReader(256 * 1024)
  const half = frame.byteLength >> 1
  report('cut out of a stream', [
    {
      name: 'frame in one chunk',
      run: () => {
        reader.push(frame)
        return reader.next()?.byteLength ?? 0
      }
    },
    {
      name: 'frame in two chunks',
      run: () => {
        reader.push(frame.subarray(0, half))
        consumed += reader.next()?.byteLength ?? 0
        reader.push(frame.subarray(half))
        return reader.next()?.byteLength ?? 0
      }
    }
  ])
}

/** A frame made of one piece again and again, and what reading it costs. The limit: 50 ms and 2 MB of heap. */
function measureFlood(name: string, unit: readonly number[]): void {
  const bytes = new Uint8Array(floodBytes - (floodBytes % unit.length))
  for (let at = 0; at < bytes.length; at += unit.length) {
    bytes.set(unit, at)
  }

  const times: number[] = []
  for (let round = 0; round < Math.min(rounds, 7); round++) {
    const start = process.hrtime.bigint()
    consumed += outcome(bytes)
    times.push(Number(process.hrtime.bigint() - start) / 1e6)
  }

  const before = heapUsed()
  const kept = Array.from({ length: 4 }, () => tryDecode(bytes))
  const each = (heapUsed() - before) / kept.length
  console.log(
    `  ${name.padEnd(34)} ${median(times).toFixed(1).padStart(8)} ms, at most ${Math.max(...times).toFixed(1)} ms ${(each / 1e6).toFixed(2).padStart(8)} MB kept`
  )
}

function tryDecode(bytes: Uint8Array): unknown {
  try {
    return decodeMessage(bytes)
  } catch (error) {
    if (error instanceof WireError) {
      return error
    }

    throw error
  }
}

function outcome(bytes: Uint8Array): number {
  return tryDecode(bytes) instanceof WireError ? 1 : 2
}

function heapUsed(): number {
  setFlagsFromString('--expose-gc')
  const gc = runInNewContext('gc') as () => void
  gc()
  return process.memoryUsage().heapUsed
}

function field(number: number, content: readonly number[]): number[] {
  const { length } = content
  return [number * 8 + 2, ...(length < 128 ? [length] : [(length & 127) | 128, length >> 7]), ...content]
}

compareAnswers()

console.log(`frames of ${floodBytes} hostile bytes`)
const id = field(1, [...key])
const fullPeer = [...id, ...Array.from({ length: 32 }, () => field(2, [4])).flat()]
measureFlood('empty providers', field(9, []))
measureFlood('broken providers', field(9, [0xff]))
measureFlood('full peers in both lists', [...field(8, fullPeer), ...field(9, fullPeer)])
measureFlood('8 KiB peers of tiny ids', field(9, Array.from({ length: 2_700 }, () => field(1, [1])).flat()))
measureFlood('8 KiB peers, one address too long', field(9, Array.from({ length: 2_700 }, () => field(2, [1])).flat()))
measureFlood('keys', field(2, []))
measureFlood('records', field(3, []))
measureFlood('unknown varints', [15 * 8, 0])
measureFlood('unknown longest varints', [15 * 8, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1])
measureFlood('unknown bytes', field(15, []))

if (consumed === 0) {
  throw new Error('nothing was measured')
}
