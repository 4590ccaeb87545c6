/** Pictures as XML: that what is measured stands where the axes say, and that no text breaks out of its place. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as fc from 'fast-check'
import { cdfPicture, comparisonPicture, Distribution, heatPicture, timePicture, walkPicture } from '../../src/report/index.ts'
import type { Compared, Walk, WalkRequest } from '../../src/report/index.ts'
import { all, numberOf, parseXml, textAt } from './support/xml.ts'
import type { XmlElement } from './support/xml.ts'

function distribution(...values: number[]): Distribution {
  const made = new Distribution()
  values.forEach(value => made.add(value))
  return made
}

const request: WalkRequest = {
  nearness: 5,
  hop: 1,
  namedBy: undefined,
  askedMs: 0,
  lateMs: undefined,
  endedMs: 100,
  outcome: 'answered',
  reason: undefined,
  chosen: false
}
const walk: Walk = {
  durationMs: 500,
  reason: 'converged',
  requests: [
    request,
    { ...request, nearness: 8, endedMs: 300, lateMs: 200, chosen: true },
    { ...request, nearness: 10, hop: 2, namedBy: 0, askedMs: 100, endedMs: 400, outcome: 'failed', reason: 'dial' },
    { ...request, nearness: 12, hop: 2, namedBy: 0, askedMs: 200, endedMs: undefined, outcome: 'unanswered' }
  ]
}
const row: Compared = { name: 'row', unit: 'number', expected: 10, from: 9, to: 11, measured: 10.5 }
const points = [0, 1, 2, 3].map(hour => ({ timeMs: 3_600_000 * hour, value: hour === 2 ? null : hour / 4 }))

/** One of each, with a text in every place that takes one. */
function one(text: string): string[] {
  const head = { title: text, subtitle: text, measure: text }
  const series = [0, 1].map(() => ({ name: text, points: distribution(1, 2, 3).cdf() }))
  return [
    cdfPicture({ ...head, unit: 'ms', of: text, series }),
    walkPicture({ ...head, walk }),
    heatPicture({ ...head, unit: 'count', slices: Array<number>(16).fill(1), marks: [{ name: text, slice: 3 }] }),
    timePicture({
      ...head,
      unit: 'share',
      series: [
        { name: text, points },
        { name: text, points }
      ],
      windows: [{ name: text, fromMs: 0, toMs: 3_600_000 }],
      threshold: { name: text, value: 0.5 }
    }),
    comparisonPicture({ ...head, rows: [{ ...row, name: text }] })
  ]
}

/** The colours that a rule sets in the light (false) or the dark. */
function colour(picture: XmlElement, rule: RegExp, isDark: boolean): string {
  const [light = '', dark = ''] = (all(picture, 'style')[0]?.text ?? '').split('@media (prefers-color-scheme: dark)')
  return rule.exec(isDark ? dark : light)?.[1] ?? assert.fail(`no rule ${rule.source}`)
}

/** The relative luminance of WCAG 2.2. */
function luminance(hex: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5]
    .map(at => Number.parseInt(hex.slice(at, at + 2), 16) / 255)
    .map(value => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4))
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
}

describe('every picture', () => {
  it('is well-formed, named and described, whatever the texts in it', () => {
    const texts = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('</text><script>', '"&lt;', '\ud800', '\u0000', '', ']]>')
    )
    fc.assert(
      fc.property(texts, text => {
        for (const source of one(text)) {
          const picture = parseXml(source)
          assert.equal(picture.attributes['role'], 'img')
          assert.ok((all(picture, 'desc')[0]?.text ?? '').length > 10)
          assert.deepEqual([...all(picture, 'script'), ...all(picture, 'image')], [])
        }
      }),
      { numRuns: 50 }
    )
  })

  it('keeps all its texts on the sheet', () => {
    for (const source of one('of a usual length')) {
      const picture = parseXml(source)
      const [, , width = NaN, height = NaN] = picture.attributes['viewBox']?.split(' ').map(Number) ?? []
      for (const text of all(picture, 'text')) {
        // glyphs are under .6 em on average
        const length = text.text.length * 0.6 * (text.attributes['class']?.includes('title') === true ? 17 : 13)
        const anchor = text.attributes['text-anchor'] ?? 'start'
        const start = numberOf(text, 'x') - (anchor === 'end' ? length : anchor === 'middle' ? length / 2 : 0)
        assert.ok(start >= -4 && start + length <= width + 4, `${text.text} lies from ${start} to ${start + length}`)
        assert.ok(numberOf(text, 'y') > 10 && numberOf(text, 'y') < height)
      }
    }
  })

  it('can be read in the light and in the dark', () => {
    for (const source of one('any')) {
      for (const isDark of [false, true]) {
        const picture = parseXml(source)
        const ground = luminance(colour(picture, /\.sheet \{ fill: (#\w+)/, isDark))
        const rules = [
          /\.tick \{ fill: (#\w+)/,
          /\.title, .* \{ fill: (#\w+)/,
          /\.good \{ stroke: (#\w+)/,
          /\.bad \{ stroke: (#\w+)/
        ]
        const series = [0, 1, 2, 3, 4, 5].map(at => new RegExp(`\\.s${at} \\{ stroke: (#\\w+)`))
        for (const rule of [...rules, ...series, /\.late \{ stroke: (#\w+)/]) {
          const found = luminance(colour(picture, rule, isDark))
          const contrast = (Math.max(ground, found) + 0.05) / (Math.min(ground, found) + 0.05)
          assert.ok(contrast >= 4.5, `${rule.source} has a contrast of ${contrast}`)
        }

        const heat = [0, 1, 2, 3, 4, 5, 6, 7, 8].map(at =>
          luminance(colour(picture, new RegExp(`\\.h${at} \\{ fill: (#\\w+)`), isDark))
        )
        const sorted = heat.toSorted((a, b) => (isDark ? a - b : b - a))
        assert.deepEqual(
          heat.slice(1),
          sorted.filter(value => heat.slice(1).includes(value)),
          'hotter is farther from the ground'
        )
      }
    }
  })
})

describe('a picture of distributions', () => {
  const data = { title: 'Hops', measure: 'hops', unit: 'count', of: 'lookups' } as const

  it('climbs at each value to its share', () => {
    const picture = parseXml(cdfPicture({ ...data, series: [{ name: 'all', points: distribution(1, 2, 2, 4).cdf() }] }))
    const x = (value: string): number => textAt(picture, value, 'middle').x
    const y = (share: string): number => textAt(picture, share, 'end').y - 4
    const path = all(picture, 'path', 's0')[0]?.attributes['d']
    const steps = [`M${x('1')} ${y('0')}`, `H${x('1')}V${y('25')}`, `H${x('2')}V${y('75')}`, `H${x('4')}V${y('100')}`]
    assert.equal(path, steps.join(''))
  })

  it('names several in a legend, and gives equal factors equal room on a logarithmic axis', () => {
    const series = [
      { name: 'few', points: distribution(100, 1_000).cdf() },
      { name: 'many', points: distribution(10_000).cdf() }
    ]
    const picture = parseXml(cdfPicture({ ...data, scale: 'log', series }))
    assert.ok(textAt(picture, 'few').y === textAt(picture, 'many').y)
    const [a, b, c] = ['100', '1,000', '10,000'].map(text => textAt(picture, text, 'middle').x)
    assert.ok(a !== undefined && b !== undefined && c !== undefined && Math.abs(b - a - (c - b)) < 0.2)
    assert.match(all(picture, 'desc')[0]?.text ?? '', /few: half at most 100, 90 % at most 1,000/)
  })

  it('begins a logarithmic axis at the least positive value, where 0 stands too', () => {
    const drawn = (...values: number[]): [begin: number, curve: number] => {
      const series = [{ name: 'all', points: distribution(...values).cdf() }]
      const picture = parseXml(cdfPicture({ ...data, scale: 'log', series }))
      const first = values.find(value => value > 0) ?? 0
      const [, curve] = /^M([\d.]+) /.exec(all(picture, 'path', 's0')[0]?.attributes['d'] ?? '') ?? []
      return [textAt(picture, String(first), 'middle').x, Number(curve)]
    }
    for (const values of [
      [0, 100, 1_000],
      [0, 0]
    ]) {
      const [begin, curve] = drawn(...values)
      assert.equal(curve, begin)
    }
  })

  it('needs a value', () => {
    assert.throws(() => cdfPicture({ ...data, series: [{ name: 'none', points: [] }] }), RangeError)
  })
})

describe('a picture of a walk', () => {
  const picture = parseXml(walkPicture({ title: 'A lookup', walk }))
  const marks = all(picture, 'g').map(group => group.children.find(({ name }) => name !== 'title'))

  it('draws each request from when it was sent to its end, at its nearness', () => {
    const x = (text: string): number => textAt(picture, text, 'middle').x
    assert.equal(marks.length, 4)
    const [first, late, failed, unanswered] = marks
    assert.deepEqual([numberOf(first, 'cx'), first?.attributes['class']], [x('100'), 'good filled'])
    assert.deepEqual([numberOf(late, 'cx'), late?.attributes['class']], [x('300'), 'late filled'])
    assert.equal(failed?.attributes['class'], 'walk bad')
    assert.deepEqual([numberOf(unanswered, 'cx'), unanswered?.attributes['class']], [x('500'), 'walk late hollow'])
    assert.ok(numberOf(first, 'cy') > numberOf(late, 'cy') && numberOf(late, 'cy') > numberOf(unanswered, 'cy'))
    const [dashed] = all(picture, 'line', 'dashed')
    assert.deepEqual([numberOf(dashed, 'x1'), numberOf(dashed, 'x2')], [x('200'), x('300')])
    assert.equal(all(picture, 'line', 'link').length, 3, 'two that were named, and the legend')
  })

  it('shades where the chosen lie, and says what happened in words', () => {
    const [band] = all(picture, 'rect', 'band')
    const chosen = numberOf(marks[1], 'cy')
    assert.ok(Math.abs(numberOf(band, 'y') + numberOf(band, 'height') - chosen - 4) < 0.2)
    textAt(picture, 'the nearest that answered')
    assert.match(all(picture, 'desc')[0]?.text ?? '', /4 requests .* 2 requests were answered, 1 of them late; 1 failed; 1 were/)
  })

  it('has a place for the target itself, and for a walk of nothing', () => {
    const found = { ...walk, reason: 'found', requests: [...walk.requests, { ...request, nearness: 256 }] } as const
    textAt(parseXml(walkPicture({ title: 'Found', walk: found })), 'the target itself')
    parseXml(walkPicture({ title: 'Nothing', walk: { durationMs: 0, reason: 'cancelled', requests: [] } }))
  })
})

describe('a picture of heat', () => {
  const slices = Array.from({ length: 256 }, (_, slice) => (slice === 0x5a ? 1_000 : slice === 0 ? 0 : 10))
  const data = { title: 'Heat', measure: 'requests', unit: 'count', slices } as const

  it('has a square for each slice, by row and column, the hottest the farthest from the ground', () => {
    const picture = parseXml(heatPicture({ ...data, marks: [{ name: 'the key', slice: 0x5a }] }))
    const squares = all(picture, 'rect').filter(({ children }) => children.length > 0)
    assert.equal(squares.length, 256)
    assert.deepEqual(
      [squares[0], squares[1], squares[0x5a]].map(square => square?.attributes['class']),
      ['h0', 'h1', 'h8']
    )
    assert.equal(squares[0x5a]?.children[0]?.text, '01011010: 1,000')
    const [ring] = all(picture, 'circle')
    const hot = squares[0x5a]
    assert.ok(Math.abs(numberOf(ring, 'cx') - numberOf(hot, 'x') - 13.5) < 0.2)
    assert.ok(Math.abs(textAt(picture, '0101').y - numberOf(hot, 'y') - 17.5) < 0.2, 'its row')
    textAt(picture, '1: the key')
    textAt(picture, 'to 1,000')
  })

  it('tells apart what a linear scale does not, on a logarithmic one', () => {
    const classes = (scale: 'linear' | 'log'): Set<string | undefined> => {
      const values = Array.from({ length: 16 }, (_, slice) => 4 ** slice)
      const picture = parseXml(heatPicture({ ...data, slices: values, scale }))
      return new Set(all(picture, 'rect').flatMap(({ attributes, children }) => (children.length > 0 ? attributes['class'] : [])))
    }
    assert.equal(classes('log').size, 8)
    assert.ok(classes('linear').size < 4)
  })

  it('gives every slice a step whose limit it does not exceed', () => {
    const figures = fc.array(fc.oneof(fc.constant(0), fc.nat(20), fc.nat()), { minLength: 64, maxLength: 64 })
    fc.assert(
      fc.property(figures, fc.constantFrom('linear' as const, 'log' as const), (values, scale) => {
        const picture = parseXml(heatPicture({ ...data, slices: values, scale }))
        const limits = new Map<string | undefined, number>()
        all(picture, 'rect', 'framed').forEach((box, at) => {
          const text = all(picture, 'text').filter(({ text: words }) => /^(to |none)/.test(words))[at]?.text ?? ''
          limits.set(box.attributes['class']?.split(' ')[0], text === 'none' ? 0 : Number(text.slice(3).replaceAll(',', '')))
        })
        const squares = all(picture, 'rect').filter(({ children }) => children.length > 0)
        values.forEach((value, at) => {
          const limit = limits.get(squares[at]?.attributes['class'])
          assert.ok(limit !== undefined && value <= limit && (value === 0) === (limit === 0), `${value} up to ${limit}`)
        })
      }),
      { numRuns: 30 }
    )
  })

  it('stays small where there are many slices, and refuses what is no square or no figure', () => {
    const many = heatPicture({ ...data, slices: Array.from({ length: 4_096 }, (_, slice) => slice % 7) })
    parseXml(many)
    assert.ok(many.length < 150_000, `${many.length} characters`)
    assert.throws(() => heatPicture({ ...data, slices: [1, 2] }), RangeError)
    assert.throws(() => heatPicture({ ...data, slices: Array<number>(16).fill(-1) }), RangeError)
    assert.throws(() => heatPicture({ ...data, slices: Array<number>(16).fill(NaN) }), RangeError)
  })
})

describe('a picture of a course', () => {
  const data = { title: 'Recall', measure: 'recall', unit: 'share', series: [{ name: 'recall', points }] } as const

  it('breaks its line where nothing was measured', () => {
    const picture = parseXml(timePicture({ ...data, range: [0, 1] }))
    const path = all(picture, 'path', 's0')[0]?.attributes['d'] ?? ''
    const x = (text: string): number => textAt(picture, text, 'middle').x
    const y = (text: string): number => textAt(picture, text, 'end').y - 4
    assert.equal(path.match(/M/g)?.length, 2)
    assert.ok(path.startsWith(`M${x('0.0')} ${y('0')}h0L`), path)
    assert.ok(path.includes(`M${x('3.0')} `), path)
  })

  it('shades faults from their beginning to their end, and names them inside or beside', () => {
    const windows = [
      { name: 'partition', fromMs: 3_600_000, toMs: 7_200_000 },
      { name: 'a name that is too long for it', fromMs: 9_000_000, toMs: 9_060_000 }
    ]
    const picture = parseXml(timePicture({ ...data, windows }))
    const [band, narrow] = all(picture, 'rect', 'band')
    assert.equal(numberOf(band, 'x'), textAt(picture, '1.0').x)
    assert.ok(Math.abs(numberOf(band, 'x') + numberOf(band, 'width') - textAt(picture, '2.0').x) < 0.2)
    const middle = textAt(picture, 'partition').x
    assert.ok(Math.abs(middle - numberOf(band, 'x') - numberOf(band, 'width') / 2) < 0.2)
    assert.ok(Math.abs(textAt(picture, 'a name that is too long for it').x - numberOf(narrow, 'x')) < 20)
  })

  it('needs a value', () => {
    assert.throws(() => timePicture({ ...data, series: [{ name: 'none', points: [{ timeMs: 0, value: null }] }] }), RangeError)
  })
})

describe('a picture of a comparison', () => {
  const draw = (measured: number, over: Partial<Compared> = {}): XmlElement => {
    const picture = parseXml(comparisonPicture({ title: 'Tables', rows: [{ ...row, measured, ...over }] }))
    const [mark] = all(picture, 'g')
    return mark ?? assert.fail('nothing was measured')
  }

  it('marks what lies within its tolerance, beside it, and far off, each in its way', () => {
    const within = draw(10.5)
    const [box] = all(parseXml(comparisonPicture({ title: 'Tables', rows: [row] })), 'rect', 'tolerated').slice(1)
    const share = (numberOf(all(within, 'circle')[0], 'cx') - numberOf(box, 'x')) / numberOf(box, 'width')
    assert.ok(Math.abs(share - 0.75) < 0.01, `${share}`)
    assert.equal(all(draw(11.4), 'path', 'walk').length, 1)
    assert.equal(all(draw(90), 'path', 'filled').length, 1)
    assert.equal(all(draw(-90), 'path', 'filled').length, 1)
    assert.equal(all(draw(9), 'circle').length, 1, 'the edge is within')
  })

  it('judges what has to be met exactly', () => {
    const exact = { from: 10, to: 10 }
    assert.equal(all(draw(10, exact), 'circle').length, 1)
    assert.equal(all(draw(10.001, exact), 'path').length, 1)
  })
})
