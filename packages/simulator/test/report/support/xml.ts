/** Reads XML strictly enough to judge pictures: tags balanced, attributes quoted and unique, nothing unescaped or forbidden. */
import assert from 'node:assert/strict'

export interface XmlElement {
  readonly name: string
  readonly attributes: Readonly<Record<string, string>>
  readonly children: XmlElement[]
  /** Its own text, without that of its children. */
  text: string
}

const entities: Readonly<Record<string, string>> = { '&amp;': '&', '&lt;': '<', '&gt;': '>', '&quot;': '"' }

export function parseXml(source: string): XmlElement {
  assert.match(source, /^[\t\n\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]*$/u, 'characters that XML has no place for')
  const root: XmlElement = { name: '', attributes: {}, children: [], text: '' }
  const open = [root]
  for (const [, text = '', tag] of source.matchAll(/([^<]*)(?:<([^<>]*)>|$)/g)) {
    const parent = open.at(-1) ?? root
    parent.text += unescaped(text)
    if (tag?.startsWith('/') === true) {
      assert.equal(open.pop()?.name, tag.slice(1), 'an end without a beginning')
      assert.ok(open.length > 0)
    } else if (tag !== undefined) {
      const element = parseTag(tag.replace(/\/$/, ''))
      parent.children.push(element)
      if (!tag.endsWith('/')) {
        open.push(element)
      }
    }
  }

  assert.equal(open.length, 1, `${open.at(-1)?.name} has no end`)
  assert.equal(root.text.trim(), '', 'text beside the picture')
  const [picture] = root.children
  assert.ok(picture !== undefined && root.children.length === 1, 'one element holds all')
  return picture
}

function parseTag(tag: string): XmlElement {
  const [, name = '', rest = ''] = /^([a-z][\w-]*)((?: [\w:-]+="[^"]*")*)$/i.exec(tag) ?? assert.fail(`<${tag}> is no tag`)
  const pairs = [...rest.matchAll(/ ([\w:-]+)="([^"]*)"/g)].map(([, key = '', value = '']) => [key, unescaped(value)] as const)
  assert.equal(new Set(pairs.map(([key]) => key)).size, pairs.length, `an attribute twice in <${tag}>`)
  return { name, attributes: Object.fromEntries(pairs), children: [], text: '' }
}

function unescaped(text: string): string {
  return text.replace(/&[^;]*;?/g, entity => entities[entity] ?? assert.fail(`${entity} is not escaped`))
}

/** All elements below, in order, with a class if one is given. */
export function all(within: XmlElement, name: string, className?: string): XmlElement[] {
  return within.children.flatMap(child => {
    const classes = child.attributes['class']?.split(' ') ?? []
    const fits = child.name === name && (className === undefined || classes.includes(className))
    return [...(fits ? [child] : []), ...all(child, name, className)]
  })
}

/** An attribute as a number. */
export function numberOf(element: XmlElement | undefined, attribute: string): number {
  const value = Number(element?.attributes[attribute])
  assert.ok(element !== undefined && Number.isFinite(value), `${attribute} is no number`)
  return value
}

/** Where the text stands that says exactly this, the first if there are several. Ticks of x are anchored in the middle, of y at the end. */
export function textAt(picture: XmlElement, text: string, anchor?: 'middle' | 'end'): { x: number; y: number } {
  const fits = ({ attributes }: XmlElement): boolean => anchor === undefined || attributes['text-anchor'] === anchor
  const found = all(picture, 'text').find(element => element.text === text && fits(element))
  return { x: numberOf(found, 'x'), y: numberOf(found, 'y') }
}
