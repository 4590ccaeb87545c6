/** Lookups recorded as walks. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { commonPrefixLength, keyBytes, keyFromBytes, keyHead, keyToBytes, noAddresses } from '@vicinity/kademlia'
import type { Key, PeerInfo, ProgressEvent } from '@vicinity/kademlia'
import * as fc from 'fast-check'
import { nearness, WalkRecorder } from '../../src/report/index.ts'

const keys = fc.uint8Array({ minLength: keyBytes, maxLength: keyBytes }).map(keyFromBytes)
const path = { queued: 0, running: 0, total: 0 }

/** A peer whose key begins with a byte, the rest being 0. */
function peer(first: number): PeerInfo {
  const key = keyFromBytes(Uint8Array.from({ length: keyBytes }, (_, at) => (at === 0 ? first : 0)))
  return { contact: { id: `peer ${first}`, key, head: keyHead(key), bytes: keyToBytes(key) }, addresses: noAddresses, groups: [] }
}

const target: Key = peer(0).contact.key

describe('nearness', () => {
  it('is the common prefix length, and a fraction that orders peers as their distance does', () => {
    const alike = fc.tuple(keys, keys, fc.nat(keyBytes)).map(([a, b, length]) => {
      const mixed = keyToBytes(b)
      mixed.set(keyToBytes(a).subarray(0, length))
      return [a, keyFromBytes(mixed)] as const
    })
    fc.assert(
      fc.property(alike, ([a, b]) => {
        const bits = commonPrefixLength(a, b)
        // a hair below the next power of two, the logarithm rounds to it
        assert.ok(nearness(a, b) >= bits - 1e-9 && nearness(a, b) <= Math.min(256, bits + 1))
      })
    )
    assert.equal(nearness(target, target), 256)
    assert.equal(nearness(target, peer(0x80).contact.key), 1)
    assert.ok(nearness(target, peer(0xc0).contact.key) < 1)
    assert.ok(nearness(target, peer(3).contact.key) < nearness(target, peer(2).contact.key))
  })
})

describe('a walk', () => {
  const far = peer(0x80)
  const middle = peer(0x10)
  const near = peer(2)
  const nearest = peer(1)
  const gone = peer(0x40)

  function record(events: readonly (readonly [at: number, event: ProgressEvent])[]): WalkRecorder {
    const recorder = new WalkRecorder(target, 1_000)
    for (const [at, event] of events) {
      recorder.handle(1_000 + at, event)
    }

    return recorder
  }

  const asked = (of: PeerInfo): ProgressEvent => ({ type: 'asked', peer: of, path })
  const answered = (of: PeerInfo, ...closer: PeerInfo[]): ProgressEvent => ({ type: 'answered', peer: of, closer, path })

  it('tells of every request when it was sent and how it ended, and who had named the peer first', () => {
    const walk = record([
      [0, asked(far)],
      [0, asked(gone)],
      [50, answered(far, middle, near, gone)],
      [50, asked(near)],
      [60, asked(middle)],
      [90, answered(middle, near, nearest)],
      [90, asked(nearest)],
      [200, { type: 'late', peer: near, path }],
      [300, { type: 'failed', peer: gone, reason: 'dial', path }],
      [350, answered(near, nearest)]
    ]).finish(1_400, { reason: 'timeout', closest: [near, middle] })

    const told = walk.requests.map(({ hop, namedBy, askedMs, lateMs, endedMs, outcome, reason, chosen }) => {
      return [hop, namedBy, askedMs, lateMs, endedMs, outcome, reason, chosen]
    })
    assert.deepEqual(told, [
      [1, undefined, 0, undefined, 50, 'answered', undefined, false],
      [1, undefined, 0, undefined, 300, 'failed', 'dial', false],
      [2, 0, 50, 200, 350, 'answered', undefined, true],
      [2, 0, 60, undefined, 90, 'answered', undefined, true],
      [3, 3, 90, undefined, undefined, 'unanswered', undefined, false]
    ])
    assert.deepEqual(
      walk.requests.map(request => Math.floor(request.nearness)),
      [1, 2, 7, 4, 8]
    )
    assert.deepEqual([walk.durationMs, walk.reason], [400, 'timeout'])
  })

  it('ignores what became of peers that it did not see asked', () => {
    const recorder = record([[10, answered(far, near)]])
    assert.deepEqual(recorder.finish(1_020, { reason: 'converged', closest: [far] }).requests, [])
  })
})
