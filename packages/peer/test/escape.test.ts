import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { escapeField, escapeRemote } from '../src/escape.ts'

test('what moves, ends or redraws a line is escaped, and the backslash with it', () => {
  assert.equal(escapeRemote('a\nb\rc\td\\e'), 'a\\nb\\rc\\td\\\\e')
  assert.equal(escapeRemote('\u001b[2J\u0000\u007f\u0085\u009b'), '\\u{1b}[2J\\u{0}\\u{7f}\\u{85}\\u{9b}')
  assert.equal(escapeRemote('\u2028\u2029\u202e\u2066\ufeff'), '\\u{2028}\\u{2029}\\u{202e}\\u{2066}\\u{feff}')
  assert.equal(escapeRemote('\ud800x'), '\\u{d800}x')
  assert.equal(escapeRemote('grüße, 世界 👋🏽'), 'grüße, 世界 👋🏽')
})

test('what is not seen is escaped wherever it hides, but for the joiner of an emoji', () => {
  const invisible = [
    0x00ad, 0x034f, 0x061c, 0x115f, 0x1160, 0x17b4, 0x17b5, 0x180e, 0x200b, 0x200c, 0x200e, 0x202e, 0x2060, 0x2069, 0x3164,
    0xfeff, 0xffa0, 0xfff9, 0xe0001, 0xe0041
  ]
  for (const code of invisible) {
    assert.equal(escapeRemote(`a${String.fromCodePoint(code)}b`), `a\\u{${code.toString(16)}}b`)
  }
  for (const emoji of ['👩‍👩‍👧‍👦', '🧑🏽‍💻', '🏳️‍🌈', '❤️‍🔥']) {
    assert.equal(escapeRemote(emoji), emoji)
  }
  for (const [text, escaped] of [
    ['a\u200db', 'a\\u{200d}b'],
    ['👩\u200db', '👩\\u{200d}b'],
    ['a\u200d👩', 'a\\u{200d}👩'],
    ['👩\u200d\u200d👩', '👩\\u{200d}\\u{200d}👩'],
    ['👩\u200d', '👩\\u{200d}']
  ] as const) {
    assert.equal(escapeRemote(text), escaped)
  }
})

test('a field that another follows has no comma', () => {
  assert.equal(escapeField('a,b\n,'), 'a\\u{2c}b\\n\\u{2c}')
  assert.equal(escapeRemote('a,b'), 'a,b')
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
      assert.doesNotMatch(escaped, /[\p{Cc}\u2028\u2029]|(?!\u200d)\p{Cf}/u)
      assert.equal(escaped.split(/\r\n|[\n\r\v\f\u0085\u2028\u2029]/).length, 1)
      assert.ok(escaped.isWellFormed())
      assert.equal(unescape(escaped), text)
      assert.equal(unescape(escapeField(text)), text)
      assert.doesNotMatch(escapeField(text), /,/)
    }),
    { numRuns: 1_000 }
  )
})
