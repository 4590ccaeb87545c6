/** The bounds that a source file declares, each with the doc comment above it. */
import { evaluate } from './evaluate.ts'
import type { Quantity, Rate } from './evaluate.ts'
import { declarationOf, nameOf } from './sources.ts'
import type { Constant, Sources, Statement } from './sources.ts'

export interface Bound {
  /** From the repository's root. */
  readonly path: string
  /** `limits.k`, or the name of a constant. */
  readonly name: string
  readonly value: Quantity | Rate
  /** The doc comment; empty where there is none. */
  readonly reason: string
  /** The `//` heading above it in its object; empty where there is none. */
  readonly section: string
}

interface Comment {
  readonly type: string
  readonly value: string
  readonly loc?: { readonly start: { readonly line: number } } | null
}

const objectName = /(^l|L)imits$|^bounds$/
const constantName = /(Max|Min|Ms|Bytes|Limit|Default|Interval|PerTurn)$/

/**
 * The bounds of a file: the properties of objects of limits, and the constants that are named like bounds. In `limits.ts`
 * every exported number is one.
 *
 * @param also - constants that are bounds under other names
 * @throws Error naming a property of such an object that is no number
 */
export function boundsIn(sources: Sources, path: string, also: readonly string[] = []): Bound[] {
  const found = sources.constants(path).flatMap(constant => {
    if (constant.init.type === 'ObjectExpression') {
      return isLimits(constant) ? objectBounds(sources, path, constant) : []
    }
    const named = constantName.test(constant.name) || also.includes(constant.name)
    return named || (constant.exported && path.endsWith('/limits.ts')) ? constantBounds(sources, path, constant) : []
  })
  const missing = also.find(name => !found.some(bound => bound.name === name))
  if (missing !== undefined) {
    throw new Error(`${path} has no bound ${missing}`)
  }
  return found
}

function isLimits({ name, exported }: Constant): boolean {
  return objectName.test(name) && (exported || name === 'bounds')
}

function constantBounds(sources: Sources, path: string, { name, init, statement }: Constant): Bound[] {
  const value = evaluate(sources, path, init)
  return value === undefined ? [] : [{ path, name, value, reason: docOf(statement.leadingComments), section: '' }]
}

function objectBounds(sources: Sources, path: string, { name, init, type }: Constant): Bound[] {
  if (init.type !== 'ObjectExpression') {
    return []
  }
  const typeDocs = type === undefined ? undefined : memberDocs(sources.statements(path), type)
  let section = ''
  return init.properties.map(member => {
    const value = member.type === 'ObjectProperty' ? evaluate(sources, path, member.value as typeof init) : undefined
    if (member.type !== 'ObjectProperty' || value === undefined) {
      throw new Error(`${path}: a property of ${name} is no number`)
    }
    section = headingOf(member.leadingComments) ?? section
    const key = nameOf(member.key)
    return { path, name: `${name}.${key}`, value, reason: typeDocs?.get(key) ?? docOf(member.leadingComments), section }
  })
}

/** The doc comments of an interface's members, by member. */
function memberDocs(statements: readonly Statement[], name: string): ReadonlyMap<string, string> {
  const docs = new Map<string, string>()
  for (const statement of statements) {
    const declaration = declarationOf(statement)
    if (declaration?.type !== 'TSInterfaceDeclaration' || declaration.id.name !== name) {
      continue
    }
    for (const member of declaration.body.body) {
      if (member.type === 'TSPropertySignature') {
        docs.set(nameOf(member.key), docOf(member.leadingComments))
      }
    }
  }
  return docs
}

/** The first paragraph of the last doc comment. A comment on the first line is about the file. */
function docOf(comments: readonly Comment[] | null | undefined): string {
  const last = comments?.at(-1)
  if (last?.type !== 'CommentBlock' || !last.value.startsWith('*') || last.loc?.start.line === 1) {
    return ''
  }
  const text = last.value.replaceAll(/^\s*\*+ ?/gm, '').trim()
  return (text.split(/\n\s*\n/)[0] ?? '').replaceAll(/\s+/g, ' ')
}

function headingOf(comments: readonly Comment[] | null | undefined): string | undefined {
  return comments?.findLast(({ type }) => type === 'CommentLine')?.value.trim()
}
