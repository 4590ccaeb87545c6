/**
 * What keeps tests honest: all of them run (no `only`), one that does not says why (`skip: 'reason'`), and none sleeps for
 * a fixed time and then looks. A timer that polls for a condition, or that gives up, says so: `// waits: …`.
 */
import {
  child,
  isNode,
  lineOf,
  type Node,
  nameOf,
  parseSource,
  remarkAt,
  type Source,
  stringOf,
  type Violation,
  walk
} from './source.ts'

const runners = new Set(['describe', 'it', 'suite', 'test'])
const sleepers = new Set(['delay', 'setInterval', 'setTimeout', 'sleep', 'wait'])

export function isTest(path: string): boolean {
  return path.endsWith('.test.ts') || /^packages\/[^/]+\/test\//.test(path) || path.startsWith('conformance/')
}

export function testViolations(source: Source): Violation[] {
  if (!isTest(source.path)) {
    return []
  }

  const parsed = parseSource(source)
  const found: Violation[] = []
  for (const { node } of walk(parsed.tree)) {
    const message = node.type === 'CallExpression' ? (unrun(node) ?? sleeps(node, remarkAt(parsed, lineOf(node)))) : undefined
    if (message !== undefined) {
      found.push({ rule: 'tests', path: source.path, line: lineOf(node), message })
    }
  }

  return found
}

/** A call that keeps tests from running, for no reason given. */
function unrun(call: Node): string | undefined {
  const callee = child(call, 'callee')
  const args = Array.isArray(call['arguments']) ? call['arguments'].filter(isNode) : []
  const receiver = callee === undefined ? undefined : nameOf(child(callee, 'object'))
  const method = callee === undefined ? undefined : nameOf(child(callee, 'property'))

  if (receiver !== undefined && runners.has(receiver)) {
    if (method === 'only') {
      return `${receiver}.only leaves every other test out`
    }

    if (method === 'skip' || method === 'todo') {
      return `${receiver}.${method} gives no reason; write { ${method}: 'why' }`
    }
  }

  if (
    (method === 'skip' || method === 'todo') &&
    isContext(receiver) &&
    !args.some(arg => stringOf(arg) !== undefined || arg.type === 'TemplateLiteral')
  ) {
    return `${receiver}.${method}() gives no reason`
  }

  const runs = runners.has(nameOf(callee) ?? '')
  return runs
    ? args
        .filter(arg => arg.type === 'ObjectExpression')
        .map(unrunOption)
        .find(Boolean)
    : undefined
}

/** The names under which a test's own context is known. */
function isContext(name: string | undefined): boolean {
  return name !== undefined && ['t', 'context', 'ctx'].includes(name)
}

function unrunOption(options: Node): string | undefined {
  const properties = Array.isArray(options['properties']) ? options['properties'].filter(isNode) : []
  for (const property of properties) {
    const name = nameOf(child(property, 'key'))
    const isTrue = child(property, 'value', 'BooleanLiteral')?.['value'] === true
    if (name === 'only' && isTrue) {
      return 'only: true leaves every other test out'
    }

    if ((name === 'skip' || name === 'todo') && isTrue) {
      return `${name}: true gives no reason; write { ${name}: 'why' }`
    }
  }

  return undefined
}

function sleeps(call: Node, remark: string): string | undefined {
  const callee = child(call, 'callee')
  const name = nameOf(callee) ?? (callee === undefined ? undefined : memberName(callee))
  const isSleep = name !== undefined && (sleepers.has(name) || name === 'Atomics.wait' || name === 'timers.setTimeout')
  return isSleep && !/\bwaits: \S/.test(remark)
    ? `${name} waits for a time; wait for what should happen, or say what for: // waits: …`
    : undefined
}

function memberName(callee: Node): string | undefined {
  const object = nameOf(child(callee, 'object'))
  const property = nameOf(child(callee, 'property'))
  return object === undefined || property === undefined ? undefined : `${object}.${property}`
}
