/** SVG as text: escaped, without scripts, fonts from elsewhere, or ids that would collide where several stand in one page. */
import { themeCss } from './theme.ts'

export type Attributes = Readonly<Record<string, string | number | undefined>>

/** The width of every picture, in its own units; heights differ. */
export const pictureWidth = 760
/** Between the edge of a picture and what is in it. */
export const padding = 24

export interface Sheet {
  /** What the picture shows, for its heading and for who cannot see it: one line, of up to 70 characters. */
  readonly title: string
  /** Under the heading: what it was measured on, such as "10,000 nodes, seed 1"; up to 100 characters. */
  readonly subtitle?: string
  /** The picture in words, for who cannot see it. */
  readonly description: string
  readonly height: number
}

/** Where the content of a sheet may begin. */
export function contentTop(sheet: Pick<Sheet, 'subtitle'>): number {
  return sheet.subtitle === undefined ? 56 : 76
}

/** A whole picture: heading, and what is drawn below it. */
export function picture(sheet: Sheet, ...content: string[]): string {
  const { title, subtitle, description, height } = sheet
  const attributes = {
    xmlns: 'http://www.w3.org/2000/svg',
    viewBox: `0 0 ${pictureWidth} ${coordinate(height)}`,
    class: 'vicinity',
    role: 'img',
    'aria-label': title
  }
  return `${element(
    'svg',
    attributes,
    element('title', {}, escape(title)),
    element('desc', {}, escape(description)),
    element('style', {}, themeCss),
    element('rect', { class: 'sheet', width: pictureWidth, height, rx: 10 }),
    label(title, { class: 'title', x: padding, y: 36 }),
    subtitle === undefined ? '' : label(subtitle, { class: 'note', x: padding, y: 57 }),
    ...content
  )}\n`
}

/** An element; its children are SVG already. */
export function element(name: string, attributes: Attributes, ...children: string[]): string {
  const written = Object.entries(attributes)
    .map(([key, value]) =>
      value === undefined ? '' : ` ${key}="${escape(typeof value === 'number' ? coordinate(value) : value)}"`
    )
    .join('')
  const content = children.filter(child => child !== '')
  return content.length === 0
    ? `<${name}${written}/>`
    : `<${name}${written}>${content.join(content.length > 1 ? '\n' : '')}</${name}>`
}

/** Any text, whatever characters are in it. */
export function label(content: string, attributes: Attributes): string {
  return element('text', attributes, escape(content))
}

/** A tooltip, which is also what a reader of the screen says; stands first in an element. */
export function tooltip(content: string): string {
  return element('title', {}, escape(content))
}

/** A tenth of a unit is finer than any screen shows, and keeps files small. */
export function coordinate(value: number): string {
  if (!Number.isFinite(value)) {
    throw new RangeError(`a picture has no place for ${value}`)
  }

  const text = (Math.round(value * 10) / 10).toString()
  return text === '-0' ? '0' : text
}

// What XML has no place for, escaped or not: controls but tab and line feed, lone surrogates, and two non-characters.
const unwritable = /[^\t\n\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu
const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

function escape(text: string): string {
  return text.replace(unwritable, '\ufffd').replace(/[&<>"]/g, character => entities[character] ?? character)
}

/** About how wide a text is at a size, in a common sans-serif face; for margins and legends, so rather too wide. */
export function textWidth(text: string, size: number): number {
  let width = 0
  for (const character of text) {
    width += /[ijl.,:;|'!()[\] ]/.test(character) ? 0.31 : /[mwMW%@]/.test(character) ? 0.9 : /[A-Z]/.test(character) ? 0.7 : 0.58
  }

  return width * size
}
