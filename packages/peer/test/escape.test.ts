import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { escapeRemote } from '../src/escape.ts'

test('what moves, ends or redraws a line is escaped, and the backslash with it', () => {
  assert.equal(escapeRemote('a\nb\rc\td\\e'), 'a\\nb\\rc\\td\\\\e')
  assert.equal(escapeRemote('\u001b[2J\u0000\u007f\u0085\u009b'), '\\u{1b}[2J\\u{0}\\u{7f}\\u{85}\\u{9b}')
  assert.equal(escapeRemote('\u2028\u2029\u202e\u2066\ufeff'), '\\u{2028}\\u{2029}\\u{202e}\\u{2066}\\u{feff}')
  assert.equal(escapeRemote('\ud800x'), '\\u{d800}x')
  assert.equal(escapeRemote('grüße, 世界 👋🏽'), 'grüße, 世界 👋🏽')
})

const unescape = (text: string): string =>
  text.replace(/\\(?:u\{(?<hex>[0-9a-f]+)\}|(?<short>[\\nrt]))/g, (...match) => {
    const { hex, short } = match.at(-1) as { hex?: string; short?: string }
    return hex === undefined
      ? ({ '\\': '\\', n: '\n', r: '\r', t: '\t' }[short ?? ''] ?? '')
      : String.fromCodePoint(Number.parseInt(hex, 16))
  })

test('any text stays on one line, without controls, and can be read back', () => {
  const anything = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(fc.integer({ min: 0, max: 0xffff })).map(units => String.fromCharCode(...units))
  )

  fc.assert(
    fc.property(anything, text => {
      const escaped = escapeRemote(text)
      assert.doesNotMatch(escaped, /[\p{Cc}\u2028\u2029]/u)
      assert.equal(escaped.split(/\r\n|[\n\r\v\f\u0085\u2028\u2029]/).length, 1)
      assert.ok(escaped.isWellFormed())
      assert.equal(unescape(escaped), text)
    }),
    { numRuns: 1_000 }
  )
})
