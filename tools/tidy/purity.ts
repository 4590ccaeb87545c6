/**
 * The engine (packages/kademlia/src) is a pure state machine: no clock, no timer, no randomness of its own, no promise, no
 * input or output, and no arithmetic whose last bit differs between JavaScript engines. The simulator
 * (packages/simulator/src) is held to the same, for a seed must mean the same everywhere; only its reports, which nothing
 * that is simulated depends on, may use all of Math's arithmetic.
 */
import { child, lineOf, type Node, nameOf, parseSource, type Source, type Violation, walk } from './source.ts'

/** What each name would bring in; global objects lead to all of them. */
const forbiddenGlobals: Readonly<Record<string, string>> = {
  Date: 'a clock',
  performance: 'a clock',
  setTimeout: 'a timer',
  setInterval: 'a timer',
  setImmediate: 'a timer',
  clearTimeout: 'a timer',
  clearInterval: 'a timer',
  queueMicrotask: 'a timer',
  requestAnimationFrame: 'a timer',
  scheduler: 'a timer',
  crypto: 'randomness and hashing',
  process: 'the process',
  console: 'output',
  fetch: 'the network',
  WebSocket: 'the network',
  navigator: 'the host',
  Buffer: "Node's bytes",
  Promise: 'a promise',
  WeakRef: 'the garbage collector',
  FinalizationRegistry: 'the garbage collector',
  Atomics: 'other threads',
  SharedArrayBuffer: 'other threads',
  Worker: 'other threads',
  Intl: 'the locale',
  eval: 'hidden code',
  Function: 'hidden code',
  require: 'hidden code',
  globalThis: 'every global',
  global: 'every global',
  window: 'every global',
  self: 'every global'
}

/** The functions and constants of Math whose result the language fixes to the last bit. */
const exactMath = new Set([
  'abs',
  'ceil',
  'clz32',
  'floor',
  'fround',
  'imul',
  'max',
  'min',
  'round',
  'sign',
  'trunc',
  'E',
  'LN10',
  'LN2',
  'LOG10E',
  'LOG2E',
  'PI',
  'SQRT1_2',
  'SQRT2'
])

const pureFolders = /^packages\/(kademlia|simulator)\/src\//
const reports = 'packages/simulator/src/report/'

export function purityViolations(source: Source): Violation[] {
  if (!pureFolders.test(source.path)) {
    return []
  }

  const { tree } = parseSource(source)
  const scope = { declared: declaredNames(tree), exact: !source.path.startsWith(reports) }
  const found: Violation[] = []
  for (const { node, parents } of walk(tree)) {
    const message = impurity(node, parents, scope)
    if (message !== undefined) {
      found.push({ rule: 'purity', path: source.path, line: lineOf(node), message })
    }
  }

  return found
}

interface Scope {
  readonly declared: ReadonlySet<string>
  /** Whether arithmetic must be the same to the last bit everywhere. */
  readonly exact: boolean
}

function impurity(node: Node, parents: readonly Node[], scope: Scope): string | undefined {
  if (node['async'] === true) {
    return 'an async function; what waits lives outside'
  }

  switch (node.type) {
    case 'ForOfStatement':
      return node['await'] === true ? 'a for await; what waits lives outside' : undefined
    case 'AwaitExpression':
      return 'an await; what waits lives outside'
    case 'BinaryExpression':
    case 'AssignmentExpression':
      return scope.exact && String(node['operator']).startsWith('**')
        ? 'exponentiation, whose last bit engines may round differently'
        : undefined
    case 'Identifier':
      return globalUse(node, parents, scope)
    default:
      return undefined
  }
}

function globalUse(node: Node, parents: readonly Node[], scope: Scope): string | undefined {
  const name = nameOf(node) ?? ''
  const [parent] = parents
  if (parent === undefined || isOnlyAName(node, parent)) {
    return undefined
  }

  if (name === 'Math') {
    const member =
      parent.type === 'MemberExpression' && parent['computed'] !== true ? nameOf(child(parent, 'property')) : undefined
    if (member !== undefined && (exactMath.has(member) || (!scope.exact && member !== 'random'))) {
      return undefined
    }

    return member === 'random'
      ? 'Math.random; randomness is an argument (Rng)'
      : `Math${member === undefined ? '' : `.${member}`} may differ in the last bit between engines`
  }

  const brings = Object.hasOwn(forbiddenGlobals, name) ? forbiddenGlobals[name] : undefined
  return brings === undefined || scope.declared.has(name) ? undefined : `${name} brings in ${brings}`
}

/** A property, private or not, a key or a label is spelt like a global without being one. */
function isOnlyAName(node: Node, parent: Node): boolean {
  const isMember = parent.type.endsWith('MemberExpression') && parent['property'] === node && parent['computed'] !== true
  const isKey = 'key' in parent && parent['key'] === node && parent['computed'] !== true && parent['shorthand'] !== true
  const isTypeMember = parent.type === 'TSQualifiedName' && parent['right'] === node
  return (
    isMember || isKey || isTypeMember || /^(LabeledStatement|BreakStatement|ContinueStatement|PrivateName)$/.test(parent.type)
  )
}

/** Names that the file itself declares or imports: `self` as a parameter is no global. */
function declaredNames(tree: Node): ReadonlySet<string> {
  const names = new Set<string>()
  for (const { node, parents } of walk(tree)) {
    const [parent] = parents
    const name = nameOf(node)
    if (parent !== undefined && name !== undefined && declares(node, parent, parents[1])) {
      names.add(name)
    }
  }

  return names
}

function declares(node: Node, parent: Node, grandparent: Node | undefined): boolean {
  const parameters = parent['params'] ?? parent['parameters']
  return (
    (Array.isArray(parameters) && parameters.includes(node)) ||
    (/Declarat(or|ion)$/.test(parent.type) && parent['id'] === node) ||
    (/^Import.*Specifier$/.test(parent.type) && parent['local'] === node) ||
    (grandparent?.type === 'ObjectPattern' && parent['value'] === node) ||
    (parent.type === 'AssignmentPattern' && parent['left'] === node)
  )
}
