/** Small files, each about one idea; short functions; folders that a reader can keep in mind. */
import { child, lineOf, type Node, nameOf, parseSource, type Source, type Violation, walk } from './source.ts'

export const limit = {
  /** Lines of a function, first and last included. */
  functionLines: 70,
  /** Files aim at 300 lines; this is where aiming ends. */
  fileLines: 400,
  /** Tests list cases, which is longer than code and easier to read. */
  testFileLines: 600,
  /** Folders between `src` and a file. */
  depthBelowSrc: 2
} as const

export function sizeViolations(source: Source): Violation[] {
  return [...fileViolations(source), ...functionViolations(source), ...depthViolations(source)]
}

function fileViolations({ path, text }: Source): Violation[] {
  const lines = text.split('\n').length - (text.endsWith('\n') ? 1 : 0)
  const most = path.endsWith('.test.ts') ? limit.testFileLines : limit.fileLines
  return lines > most
    ? [{ rule: 'size', path, line: most, message: `the file has ${lines} lines; at most ${most}: find the second idea in it` }]
    : []
}

function functionViolations(source: Source): Violation[] {
  const found: Violation[] = []
  for (const { node, parents } of walk(parseSource(source).tree)) {
    const lines = node.loc.end.line - node.loc.start.line + 1
    if (isFunction(node) && lines > limit.functionLines && !isSuite(parents[0])) {
      const message = `the function has ${lines} lines; at most ${limit.functionLines}`
      found.push({ rule: 'size', path: source.path, line: lineOf(node), message })
    }
  }

  return found
}

function isFunction(node: Node): boolean {
  return /^(FunctionDeclaration|FunctionExpression|ArrowFunctionExpression|ObjectMethod|ClassMethod|ClassPrivateMethod)$/.test(
    node.type
  )
}

/** The function that `describe` is given is a heading over tests, not code. */
function isSuite(parent: Node | undefined): boolean {
  const callee = parent?.type === 'CallExpression' ? child(parent, 'callee') : undefined
  return ['describe', 'suite'].includes(nameOf(callee) ?? '')
}

function depthViolations({ path }: Source): Violation[] {
  const [, below] = /^packages\/[^/]+\/src\/(.*)$/.exec(path) ?? []
  const depth = (below ?? '').split('/').length - 1
  return depth > limit.depthBelowSrc
    ? [{ rule: 'size', path, line: 1, message: `${depth} folders below src; at most ${limit.depthBelowSrc}` }]
    : []
}
