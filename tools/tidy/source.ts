/** One file as the rules see it: its text, its comments by line, its syntax tree. */
import { type ParseResult, parse } from '@babel/parser'

/** Something to repair, at a line counted from 1. */
export interface Violation {
  readonly rule: string
  readonly path: string
  readonly line: number
  readonly message: string
}

/** A file to judge; `path` is from the repository's root, with `/`. */
export interface Source {
  readonly path: string
  readonly text: string
}

/** A node of the tree. The rules look at a few fields of many kinds of node, so they are read by name and checked. */
export interface Node {
  readonly type: string
  readonly start: number
  readonly end: number
  readonly loc: { readonly start: { readonly line: number }; readonly end: { readonly line: number } }
  readonly [field: string]: unknown
}

export interface Parsed extends Source {
  readonly lines: readonly string[]
  readonly tree: Node
  /** The comments that end on a line, joined, by line. A comment over several lines stands at each of them. */
  readonly comments: ReadonlyMap<number, string>
}

// A test file asks several rules about the same text; parsing is what costs.
const parsedTexts = new Map<string, Parsed>()

export function parseSource({ path, text }: Source): Parsed {
  const known = parsedTexts.get(text)
  if (known?.path === path) {
    return known
  }

  const file: ParseResult = parse(text, { sourceType: 'module', plugins: ['typescript'], attachComment: false })
  const comments = new Map<number, string>()
  for (const comment of file.comments ?? []) {
    for (let line = comment.loc?.start.line ?? 0; line <= (comment.loc?.end.line ?? -1); line++) {
      comments.set(line, `${comments.get(line) ?? ''} ${comment.value}`)
    }
  }

  const parsed = { path, text, lines: text.split('\n'), tree: file.program as unknown as Node, comments }
  parsedTexts.set(text, parsed)
  return parsed
}

/** Every node below and including `node`, with the nodes that hold it, nearest first. */
export function* walk(node: Node, parents: readonly Node[] = []): Generator<{ node: Node; parents: readonly Node[] }> {
  yield { node, parents }
  const below = [node, ...parents]
  for (const value of Object.values(node)) {
    for (const inner of Array.isArray(value) ? value : [value]) {
      if (isNode(inner)) {
        yield* walk(inner, below)
      }
    }
  }
}

export function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string' && 'loc' in value
}

/** The node in a field, where there is one of the given kind. */
export function child(node: Node, field: string, type?: string): Node | undefined {
  const value = node[field]
  return isNode(value) && (type === undefined || value.type === type) ? value : undefined
}

/** The name of an identifier, or undefined for any other node. */
export function nameOf(node: Node | undefined): string | undefined {
  return node?.type === 'Identifier' && typeof node['name'] === 'string' ? node['name'] : undefined
}

/** The value of a string literal, or of a template without holes. */
export function stringOf(node: Node | undefined): string | undefined {
  if (node?.type === 'StringLiteral' && typeof node['value'] === 'string') {
    return node['value']
  }

  const quasis = node?.type === 'TemplateLiteral' && Array.isArray(node['quasis']) ? node['quasis'] : []
  const value: unknown = quasis.length === 1 ? quasis[0]?.value?.cooked : undefined
  return typeof value === 'string' ? value : undefined
}

/** The comment on a line, or in the unbroken comment lines right above it. */
export function remarkAt({ comments, lines }: Parsed, line: number): string {
  const remarks = [comments.get(line) ?? '']
  for (let above = line - 1; above > 0 && /^\s*(\/\/|\/?\*)/.test(lines[above - 1] ?? ''); above--) {
    remarks.unshift(comments.get(above) ?? '')
  }

  return remarks.join(' ').trim()
}

export function lineOf(node: Node): number {
  return node.loc.start.line
}
