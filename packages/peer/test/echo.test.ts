/** The answering side of ping: for how long, and for whom. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import type { Stream } from '@libp2p/interface'
import { streamPair } from '@libp2p/utils'
import { echo } from '../src/echo.ts'
import { startedPeer } from './network.ts'
import { link } from './guard/strangers.ts'
import { settle } from './support.ts'

const pingProtocol = '/ipfs/ping/1.0.0'

/** Two ends of a stream in memory, with a clock of the test. */
async function echoing(t: TestContext) {
  const [theirs, ours] = await streamPair({ delay: 0 })
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const pass = async (ms: number): Promise<void> => {
    t.mock.timers.tick(ms)
    await settle()
  }
  let received = Buffer.alloc(0)
  theirs.addEventListener('message', ({ data }) => {
    received = Buffer.concat([received, data.subarray()])
  })
  echo(ours)
  const ping = async (text: string): Promise<void> => {
    const before = received.length
    theirs.send(Buffer.from(text))
    // The stream in memory takes a millisecond a step.
    for (let step = 0; step < 20 && received.length === before; step++) {
      await pass(1)
    }
  }
  return { theirs, ours, pass, ping, received: () => received.toString() }
}

test('a stream lives for as long as it is used, and each ping comes back', async t => {
  const { ours, pass, ping, received } = await echoing(t)
  for (let minute = 1; minute <= 10; minute++) {
    await ping(`${minute} `)
    await pass(59_000)
    assert.equal(ours.status, 'open', `after ${minute} minutes`)
  }
  assert.equal(received(), '1 2 3 4 5 6 7 8 9 10 ')
})

test('a stream that is not used for a minute ends, at its beginning and after a ping', async t => {
  for (const pings of [0, 1]) {
    const { ours, pass, ping } = await echoing(t)
    if (pings > 0) {
      await ping('ping')
    }
    await pass(59_900)
    assert.equal(ours.status, 'open')
    await pass(100)
    assert.equal(ours.status, 'aborted')
    t.mock.timers.reset()
  }
})

test('a stream that its peer ended is ended, and nothing is left to be done', async t => {
  const { theirs, ours, pass } = await echoing(t)
  void theirs.close()
  for (let step = 0; step < 20; step++) {
    await pass(1)
  }
  assert.equal(ours.status, 'closed')
  await pass(120_000)
  assert.equal(ours.status, 'closed')
})

/** Bytes that come back, until there are so many. */
async function comesBack(stream: Stream, bytes: number): Promise<void> {
  let received = 0
  await new Promise<void>(resolve => {
    stream.addEventListener('message', ({ data }) => {
      received += data.byteLength
      if (received >= bytes) {
        resolve()
      }
    })
  })
}

test('a peer that does not read its answers is not read either, and goes on when it does', async t => {
  const peer = await startedPeer(t, { greet: false })
  const { theirs, ours } = await link(t, peer)
  const stream = await theirs.newStream(pingProtocol)
  stream.pause()
  const bytes = 4 * 1024 * 1024
  const ping = new Uint8Array(32 * 1024)
  for (let sent = 0; sent < bytes; sent += ping.length) {
    stream.send(ping)
  }
  const inbound = (): Stream | undefined => ours.streams.find(({ protocol }) => protocol === pingProtocol)
  await new Promise<void>(resolve => {
    const look = (): void => {
      if (inbound()?.readStatus === 'paused') {
        resolve()
      } else {
        setImmediate(look)
      }
    }
    look()
  })
  const held = inbound()
  assert.ok((held?.readBufferLength ?? 0) + (held?.writeBufferLength ?? 0) < bytes / 4)

  const back = comesBack(stream, bytes)
  stream.resume()
  await back
  assert.equal(ours.status, 'open')
})

test('a peer pings another by one stream again and again', async t => {
  const peer = await startedPeer(t, { greet: false })
  const { theirs } = await link(t, peer)
  const stream = await theirs.newStream(pingProtocol)
  for (let count = 0; count < 50; count++) {
    const back = comesBack(stream, 32)
    stream.send(new Uint8Array(32).fill(count))
    await back
  }
  await stream.close()
})
