import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { describe, it } from 'node:test'
import { serverLimits } from '@vicinity/dht'
import { limits } from '@vicinity/kademlia'
import { boundsIn } from '../scripts/limits/bounds.ts'
import type { Quantity, Rate } from '../scripts/limits/evaluate.ts'
import { boundsOfNode, unlistedFiles, unusedSwitches } from '../scripts/limits/layers.ts'
import { limitsMarkdown, valueText } from '../scripts/limits/markdown.ts'
import { repository, Sources } from '../scripts/limits/sources.ts'

const bounds = boundsOfNode(repository)

describe('docs/limits.md', () => {
  it('is what the sources say', async () => {
    const page = await readFile(new URL('../../../docs/limits.md', import.meta.url), 'utf8')
    assert.equal(page, limitsMarkdown(bounds), 'write it again: npx node -C vicinity-source packages/cli/scripts/limits.ts')
  })

  it('gives a reason for every bound', () => {
    const silent = bounds.filter(({ reason }) => reason === '').map(({ path, name }) => `${path}: ${name}`)
    assert.deepEqual(silent, [], 'bounds without a doc comment')
  })

  it('lists every file that has bounds', () => {
    assert.deepEqual(unlistedFiles(repository), [], 'files that scripts/limits/layers.ts does not list')
  })

  it('names options of bounds that exist', () => {
    assert.deepEqual(unusedSwitches(bounds), [])
  })

  it('has the values that the code has', () => {
    assert.deepEqual(valuesOf('limits'), { ...limits })
    assert.deepEqual(valuesOf('serverLimits'), { ...serverLimits })
  })
})

describe('the reader of bounds', () => {
  const text = `/** About the file. */
const fileBytesMax = 3 * kib
const kib = 1024
/** The reason. */
export const otherLimits = {
  // One.
  /** Of a
   *  rate. */
  rate: { perSecond: 0.5, burst: 2 * kib },
  waitMs: 5_000 - 1,
  // Two.
  /** First.
   *
   * Second. */
  a: -(2 + 1)
} as const
/** Copied. */
export const copiedMax = otherLimits.waitMs
const nameMax = 'text'
export const typed: Limits = 1
`

  it('evaluates arithmetic and references, and takes the doc comment right above', () => {
    assert.deepEqual(
      read(text).map(({ name, value, reason, section }) => [name, plain(value), reason, section]),
      [
        ['fileBytesMax', 3_072, '', ''],
        ['otherLimits.rate', { perSecond: 0.5, burst: 2_048 }, 'Of a rate.', 'One.'],
        ['otherLimits.waitMs', 4_999, '', 'One.'],
        ['otherLimits.a', -3, 'First.', 'Two.'],
        ['copiedMax', 4_999, 'Copied.', '']
      ]
    )
  })

  it('takes the reasons of a typed object from its interface', () => {
    const [first, second] = read(`
interface Waits { /** Why. */ readonly idle: number; readonly open: number }
export const waitLimits: Waits = Object.freeze({ idle: 1, open: 2 })`)
    assert.equal(first?.reason, 'Why.')
    assert.equal(second?.reason, '')
  })

  it('refuses a limit that is no number, and a bound that is gone', () => {
    assert.throws(() => read("export const someLimits = { a: 'text' }"), /a property of someLimits is no number/)
    assert.throws(() => read('const batch = 1', ['batches']), /has no bound batches/)
  })

  it('writes values with their units', () => {
    assert.equal(valueText({ name: 'guardLimits.windowBytes', value: quantity(1_048_576) }), '1 MiB')
    assert.equal(valueText({ name: 'bytesMax', value: quantity(1_040 * 1024) }), '1,040 KiB')
    assert.equal(valueText({ name: 'packetBytesMax', value: quantity(8_972) }), '8,972 bytes')
    assert.equal(valueText({ name: 'stopWaitMs', value: quantity(1_800) }), '1.8 s')
    assert.equal(valueText({ name: 'intervalMs', value: quantity(250) }), '250 ms')
    assert.equal(valueText({ name: 'limits.restoreTrust', value: quantity(86_400_000, true) }), '24 h')
    assert.equal(valueText({ name: 'peersMax', value: quantity(10_000) }), '10,000')
    const rate = { perSecond: quantity(20), burst: quantity(100) }
    assert.equal(valueText({ name: 'serverLimits.requests', value: rate }), '20/s with a burst of 100')
  })
})

function read(text: string, also?: readonly string[]): ReturnType<typeof boundsIn> {
  return boundsIn(new Sources(() => text), 'packages/some/src/file.ts', also)
}

function quantity(value: number, time = false): Quantity {
  return { value, time }
}

function plain(value: Quantity | Rate): unknown {
  return 'burst' in value ? { perSecond: value.perSecond.value, burst: value.burst.value } : value.value
}

function valuesOf(object: string): Record<string, unknown> {
  const own = bounds.filter(({ name }) => name.startsWith(`${object}.`))
  return Object.fromEntries(own.map(({ name, value }) => [name.slice(object.length + 1), plain(value)]))
}
