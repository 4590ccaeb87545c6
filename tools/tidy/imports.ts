/**
 * Which package may import which (the arrows of the architecture). Every form counts: import, import type, export from,
 * import(), import() as a type, require; and a relative path that leaves its package is an import of another one.
 */
import { child, isNode, lineOf, type Node, parseSource, type Source, stringOf, type Violation, walk } from './source.ts'

interface Fence {
  /** The packages of ours that it may name. */
  readonly ours: readonly string[]
  /** The packages of others that its sources may name; undefined is any that its package.json declares. */
  readonly theirs?: readonly string[]
  /** Whether its sources may name Node's own modules; without, they run in a browser as they are. */
  readonly node: boolean
}

/** Keyed by folder below packages/. Whoever adds a package draws its arrows here. */
export const fences: Readonly<Record<string, Fence>> = {
  kademlia: { ours: [], theirs: [], node: false },
  wire: { ours: ['@vicinity/kademlia'], theirs: ['uint8arraylist'], node: false },
  simulator: { ours: ['@vicinity/kademlia', '@vicinity/wire'], node: false },
  dht: { ours: ['@vicinity/kademlia', '@vicinity/wire'], node: true },
  peer: { ours: ['@vicinity/dht'], node: true },
  cli: { ours: ['@vicinity/dht', '@vicinity/kademlia', '@vicinity/peer', '@vicinity/simulator'], node: true }
}

/** The command is the top: nothing imports it. */
const command = 'vicinity'

export interface Import {
  readonly line: number
  readonly specifier: string
}

export function importsOf(source: Source): Import[] {
  const found: Import[] = []
  for (const { node } of walk(parseSource(source).tree)) {
    const specifier = specifierOf(node)
    if (specifier !== undefined) {
      found.push({ line: lineOf(node), specifier })
    }
  }

  return found
}

function specifierOf(node: Node): string | undefined {
  switch (node.type) {
    case 'ImportDeclaration':
    case 'ExportNamedDeclaration':
    case 'ExportAllDeclaration':
    case 'ImportExpression':
      return stringOf(child(node, 'source'))
    case 'TSImportType':
      return stringOf(child(node, 'source')) ?? stringOf(child(node, 'argument')) ?? stringOf(literalType(node))
    case 'TSExternalModuleReference':
      return stringOf(child(node, 'expression'))
    case 'CallExpression': {
      const callee = child(node, 'callee')
      const isImport = callee?.type === 'Import' || (callee?.type === 'Identifier' && callee['name'] === 'require')
      const first: unknown = Array.isArray(node['arguments']) ? node['arguments'][0] : undefined
      return isImport && isNode(first) ? stringOf(first) : undefined
    }
    default:
      return undefined
  }
}

function literalType(node: Node): Node | undefined {
  const argument = child(node, 'argument', 'TSLiteralType')
  return argument === undefined ? undefined : child(argument, 'literal')
}

/** Imports against the arrows, by the place of the importing file and the name of the imported. */
export function importViolations(source: Source): Violation[] {
  return importsOf(source).flatMap(({ line, specifier }) => {
    const message = forbidden(source.path, specifier)
    return message === undefined ? [] : [{ rule: 'imports', path: source.path, line, message }]
  })
}

function forbidden(path: string, specifier: string): string | undefined {
  if (specifier === command || specifier.startsWith(`${command}/`)) {
    return 'nothing imports the command'
  }

  const [, folder, part] = /^packages\/([^/]+)\/([^/]+)\//.exec(path) ?? []
  if (folder === undefined) {
    return specifier.includes('packages/cli/') ? 'nothing imports the command' : undefined
  }

  const fence = fences[folder]
  if (fence === undefined) {
    return `packages/${folder} has no arrows yet: draw them in tools/tidy/imports.ts`
  }

  if (specifier.startsWith('.')) {
    return leaves(path, specifier, folder, part)
  }

  if (specifier.startsWith('@vicinity/')) {
    return forbiddenOfOurs(folder, fence, specifier)
  }

  return part === 'src' ? forbiddenOfOthers(folder, fence, specifier) : undefined
}

/** A relative path must stay in its package, and a source must not reach into what is not shipped with it. */
function leaves(path: string, specifier: string, folder: string, part: string | undefined): string | undefined {
  const target = new URL(specifier, `file:///${path}`).pathname.slice(1)
  if (!target.startsWith(`packages/${folder}/`)) {
    return `${specifier} leaves the package; import the other one by its name`
  }

  return part === 'src' && !target.startsWith(`packages/${folder}/src/`)
    ? `${specifier} leaves src, which is what is shipped`
    : undefined
}

function forbiddenOfOurs(folder: string, fence: Fence, specifier: string): string | undefined {
  const name = specifier.split('/').slice(0, 2).join('/')
  // A package's tests may use it by its own name, as its users do.
  const allowed = [...fence.ours, `@vicinity/${folder}`]
  return allowed.includes(name)
    ? undefined
    : `${folder} may not import ${name}; it may import ${fence.ours.join(', ') || 'nothing of ours'}`
}

function forbiddenOfOthers(folder: string, fence: Fence, specifier: string): string | undefined {
  if (specifier.startsWith('node:')) {
    return fence.node ? undefined : `${folder} runs wherever JavaScript does and may not import ${specifier}`
  }

  const name = packageName(specifier)
  return fence.theirs === undefined || fence.theirs.includes(name) ? undefined : `${folder} may not import ${name}`
}

/** `@scope/name` or `name` of an import's specifier. */
export function packageName(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
}
