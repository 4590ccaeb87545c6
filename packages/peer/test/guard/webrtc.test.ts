/** WebRTC-direct: how many handshakes begin, and after which requests. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CreateListenerOptions, Listener, Transport } from '@libp2p/interface'
import { guardLimits } from '../../src/guard/limits.ts'
import { guardWebRtc } from '../../src/guard/webrtc.ts'
import { settle } from '../support.ts'

/** As the library's listener: each request that it takes is a native connection until the handshake ends. */
class FakeListener {
  readonly connections = new Map<string, unknown>()
  readonly taken: string[] = []
  readonly #handshakes = new Map<string, PromiseWithResolvers<void>>()

  async incomingConnection(name: string, host: string, port: number): Promise<void> {
    const handshake = Promise.withResolvers<void>()
    this.taken.push(name)
    this.#handshakes.set(name, handshake)
    await handshake.promise
    this.connections.set(`${host}:${port}:${name}`, {})
  }

  async succeed(name: string): Promise<void> {
    this.#handshakes.get(name)?.resolve()
    await settle()
  }

  async fail(name: string): Promise<void> {
    this.#handshakes.get(name)?.reject(new Error('the handshake failed'))
    await settle()
  }
}

function guarded(): { readonly fake: FakeListener; readonly request: (name: string, port?: number) => void } {
  const fake = new FakeListener()
  const transport = { createListener: () => fake as unknown as Listener } as unknown as Transport
  const listener = guardWebRtc(transport).createListener({} as CreateListenerOptions) as unknown as FakeListener & {
    incomingConnection(name: string, host: string, port: number, signal: AbortSignal): Promise<void>
  }
  return {
    fake,
    request: (name, port = 1) => {
      listener.incomingConnection(name, '192.0.2.1', port, new AbortController().signal).catch(() => {})
    }
  }
}

const { webRtcHandshakes, webRtcHandshakesTrusted, webRtcRequests } = guardLimits
const names = (count: number, prefix = 'name'): string[] => Array.from({ length: count }, (_, index) => `${prefix} ${index}`)

test('the first handshakes begin at once, and the next ones with a request that comes again', () => {
  const { fake, request } = guarded()
  const first = names(webRtcHandshakesTrusted)
  first.forEach(name => request(name))
  request('late')
  assert.deepEqual(fake.taken, first)
  // Another port is another sender.
  request('late', 2)
  assert.deepEqual(fake.taken, first)
  request('late')
  assert.deepEqual(fake.taken, [...first, 'late'])
})

test('made-up requests, however many, begin no more handshakes than those at once', () => {
  const { fake, request } = guarded()
  names(10_000).forEach(name => request(name))
  assert.equal(fake.taken.length, webRtcHandshakesTrusted)
})

test('requests that come again begin so many handshakes, and one that ends makes room', async () => {
  for (const end of ['succeed', 'fail'] as const) {
    const { fake, request } = guarded()
    const many = names(webRtcHandshakes + 5)
    many.flatMap(name => [name, name]).forEach(name => request(name))
    assert.deepEqual(fake.taken, many.slice(0, webRtcHandshakes))

    await fake[end]('name 0')
    ;['new', 'new', 'newer', 'newer'].forEach(name => request(name))
    assert.deepEqual(fake.taken.slice(webRtcHandshakes), ['new'])
  }
})

test('a request whose handshake is under way, or whose connection stands, begins no other', async () => {
  const { fake, request } = guarded()
  request('a')
  request('a')
  assert.deepEqual(fake.taken, ['a'])
  await fake.succeed('a')
  request('a')
  assert.deepEqual(fake.taken, ['a'])
})

test('requests that wait to come again are forgotten, the oldest first', () => {
  const { fake, request } = guarded()
  names(webRtcHandshakesTrusted).forEach(name => request(name))
  request('oldest')
  names(webRtcRequests - 1, 'made up').forEach(name => request(name))
  request('oldest')
  assert.ok(fake.taken.includes('oldest'))

  const other = guarded()
  names(webRtcHandshakesTrusted).forEach(name => other.request(name))
  other.request('oldest')
  names(webRtcRequests, 'made up').forEach(name => other.request(name))
  other.request('oldest')
  assert.ok(!other.fake.taken.includes('oldest'))
})
