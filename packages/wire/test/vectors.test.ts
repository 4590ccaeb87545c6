/** Golden bytes: what other implementations write, we read; what was written by hand, we write. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { decodeMessage, decodeRecord, encodeMessage, encodeRecord, FrameReader } from '@vicinity/wire'
import { fromHex, readable, readableRecord, toHex } from './support/readable.ts'
import type { ReadableMessage, ReadablePeer, ReadableRecord } from './support/readable.ts'

interface GoVectors {
  readonly messages: ReadonlyArray<{
    readonly name: string
    readonly bytes: string
    readonly frame: string
    readonly message: ReadableMessage
  }>
  readonly records: ReadonlyArray<{ readonly name: string; readonly bytes: string; readonly record: ReadableRecord }>
}

interface HandVectors {
  readonly messages: ReadonlyArray<{
    readonly name: string
    readonly parts: ReadonlyArray<readonly [string, string]>
    readonly message: ReadableMessage
  }>
}

const go = load('go.json') as GoVectors
const hand = load('hand.json') as HandVectors
const types = ['PUT_VALUE', 'GET_VALUE', 'ADD_PROVIDER', 'GET_PROVIDERS', 'FIND_NODE', 'PING'].toSorted()

describe('messages as go-libp2p-kad-dht writes them', () => {
  it('are there for every type', () => {
    assert.deepEqual([...new Set(go.messages.map(({ message }) => message.type))].toSorted(), types)
  })

  for (const { name, bytes, frame, message } of go.messages) {
    it(`${name} reads as what go put in`, () => {
      assert.deepEqual(readable(decodeMessage(fromHex(bytes))), withoutText(message))
    })

    it(`${name} comes out of its frame`, () => {
      const reader = new FrameReader(64 * 1024)
      reader.push(fromHex(frame))
      const content = reader.next()
      assert.ok(content !== undefined)
      assert.equal(toHex(content), bytes)
      assert.equal(reader.buffered, 0)
    })
  }
})

describe('records as go-libp2p-record writes them', () => {
  for (const { name, bytes, record } of go.records) {
    it(`${name} reads as what go put in, and is written with the same bytes`, () => {
      const decoded = decodeRecord(fromHex(bytes))
      assert.deepEqual(readableRecord(decoded), record)
      assert.equal(toHex(encodeRecord(decoded)), bytes)
    })
  }
})

describe('messages written by hand', () => {
  it('are there for every type', () => {
    assert.deepEqual(hand.messages.map(({ message }) => message.type).toSorted(), types)
  })

  for (const { name, parts, message } of hand.messages) {
    it(`${name} is read and written byte by byte`, () => {
      const bytes = fromHex(parts.map(([hex]) => hex).join(''))
      const decoded = decodeMessage(bytes)
      assert.deepEqual(readable(decoded), message)
      assert.equal(toHex(encodeMessage(decoded)), toHex(bytes))
    })
  }
})

function load(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`../../../vectors/kad-dht/${name}`, import.meta.url), 'utf8'))
}

// The vectors also give peer ids and addresses as text, for readers and for other packages.
function withoutText(message: ReadableMessage): ReadableMessage {
  const bare = ({ id, addresses, connection }: ReadablePeer): ReadablePeer => ({ id, addresses, connection })
  return { ...message, closer: message.closer.map(bare), providers: message.providers.map(bare) }
}
