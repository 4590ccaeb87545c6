/**
 * Nothing in the engine grows without a bound. Every Map and Set, and every array that a class keeps, says on its line or
 * in the comment right above it what it is `bounded by`; a bound that names `limits.x` must name one that exists.
 */
import { child, isNode, lineOf, type Node, nameOf, parseSource, remarkAt, type Source, type Violation, walk } from './source.ts'

/**
 * @param limitsText - the text of packages/kademlia/src/limits.ts
 */
export function boundViolations(source: Source, limitsText: string): Violation[] {
  if (!source.path.startsWith('packages/kademlia/src/')) {
    return []
  }

  const parsed = parseSource(source)
  const known = limitNames(limitsText)
  const lines = new Map<number, string>()
  for (const { node } of walk(parsed.tree)) {
    const what = collection(node)
    if (what !== undefined) {
      lines.set(lineOf(node), what)
    }
  }

  return [...lines].flatMap(([line, what]) => {
    const message = unbounded(what, remarkAt(parsed, line), known)
    return message === undefined ? [] : [{ rule: 'bounds', path: source.path, line, message }]
  })
}

function unbounded(what: string, remark: string, known: ReadonlySet<string>): string | undefined {
  const [, bound] = /\bbounded by\s+(\S.*)/i.exec(remark) ?? []
  if (bound === undefined) {
    return `${what} without a comment that says what it is "bounded by"`
  }

  const unknown = [...bound.matchAll(/\blimits\.(\w+)/g)].map(([, name]) => name ?? '').find(name => !known.has(name))
  return unknown === undefined ? undefined : `${what} is bounded by limits.${unknown}, which limits.ts does not have`
}

/** What kind of growing collection a node makes, if any. */
function collection(node: Node): string | undefined {
  if (node.type === 'NewExpression') {
    const name = nameOf(child(node, 'callee'))
    return name === 'Map' || name === 'Set' ? `a ${name}` : undefined
  }

  if (!/^Class(Private)?Property$/.test(node.type)) {
    return undefined
  }

  return startsEmpty(child(node, 'value')) || growingType(child(node, 'typeAnnotation'))
    ? 'an array that a class keeps'
    : undefined
}

function startsEmpty(value: Node | undefined): boolean {
  if (value?.type === 'ArrayExpression') {
    return true
  }

  return value?.type === 'NewExpression' && nameOf(child(value, 'callee')) === 'Array'
}

/** `X[]` and `Array<X>`, `Map` and `Set` given in a constructor; what is readonly cannot grow. */
function growingType(annotation: Node | undefined): boolean {
  const type = annotation === undefined ? undefined : child(annotation, 'typeAnnotation')
  if (type?.type === 'TSArrayType') {
    return true
  }

  return type?.type === 'TSTypeReference' && ['Array', 'Map', 'Set'].includes(nameOf(child(type, 'typeName')) ?? '')
}

/** The names of the one object in limits.ts. */
export function limitNames(text: string): ReadonlySet<string> {
  const names = new Set<string>()
  for (const { node } of walk(parseSource({ path: 'packages/kademlia/src/limits.ts', text }).tree)) {
    const key = node['key']
    if (node.type === 'ObjectProperty' && isNode(key)) {
      names.add(nameOf(key) ?? '')
    }
  }

  return names
}
