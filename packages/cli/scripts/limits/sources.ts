/** Source files as syntax trees, and the constants that they declare or import. */
import { readFileSync } from 'node:fs'
import { posix } from 'node:path'
import { parse } from '@babel/parser'
import type { Expression, File } from '@babel/parser'

export type Statement = File['program']['body'][number]
export type VariableDeclaration = Extract<Statement, { type: 'VariableDeclaration' }>

/** A module-level `const`. */
export interface Constant {
  readonly name: string
  readonly exported: boolean
  /** The statement that comments stand above. */
  readonly statement: Statement
  readonly init: Expression
  /** The name of its type, where one is annotated. */
  readonly type: string | undefined
}

export interface Place {
  readonly path: string
  readonly constant: Constant
}

/** Reads a file by its path from the repository's root, with `/`. */
export type ReadSource = (path: string) => string

export const repository: ReadSource = path => readFileSync(new URL(`../../../../${path}`, import.meta.url), 'utf8')

export class Sources {
  readonly #read: ReadSource
  readonly #trees = new Map<string, readonly Statement[]>()

  constructor(read: ReadSource) {
    this.#read = read
  }

  /** The statements of a file, with their comments attached. */
  statements(path: string): readonly Statement[] {
    const known = this.#trees.get(path)
    if (known !== undefined) {
      return known
    }
    const { body } = parse(this.#read(path), { sourceType: 'module', plugins: ['typescript'], attachComment: true }).program
    this.#trees.set(path, body)
    return body
  }

  /** The module-level constants of a file. */
  constants(path: string): Constant[] {
    return this.statements(path).flatMap(statement => {
      const declaration = declarationOf(statement)
      return declaration?.type === 'VariableDeclaration' && declaration.kind === 'const'
        ? constantsOf(statement, declaration)
        : []
    })
  }

  /** The constant behind a name of a file. Imports and re-exports of this repository are followed. */
  find(path: string, name: string): Place | undefined {
    const constant = this.constants(path).find(candidate => candidate.name === name)
    if (constant !== undefined) {
      return { path, constant }
    }
    for (const statement of this.statements(path)) {
      const from = originOf(statement, name)
      const target = from === undefined ? undefined : resolve(path, from.specifier)
      const place = from === undefined || target === undefined ? undefined : this.find(target, from.name)
      if (place !== undefined) {
        return place
      }
    }
    return undefined
  }
}

/** The declaration behind an `export`, or the statement itself. */
export function declarationOf(statement: Statement): Statement | undefined {
  return statement.type === 'ExportNamedDeclaration' ? (statement.declaration ?? undefined) : statement
}

/** An expression without its assertions and without `Object.freeze`. */
export function bare(expression: Expression): Expression {
  switch (expression.type) {
    case 'TSAsExpression':
    case 'TSSatisfiesExpression':
      return bare(expression.expression)
    case 'CallExpression': {
      const { callee, arguments: args } = expression
      const [first] = args
      const freezes =
        callee.type === 'MemberExpression' && callee.property.type === 'Identifier' && callee.property.name === 'freeze'
      return freezes && first?.type === 'ObjectExpression' ? first : expression
    }
    default:
      return expression
  }
}

function constantsOf(statement: Statement, { declarations }: VariableDeclaration): Constant[] {
  const exported = statement.type === 'ExportNamedDeclaration'
  return declarations.flatMap(({ id, init }) => {
    if (id.type !== 'Identifier' || init === null || init === undefined) {
      return []
    }
    const annotation = id.typeAnnotation?.type === 'TSTypeAnnotation' ? id.typeAnnotation.typeAnnotation : undefined
    const type =
      annotation?.type === 'TSTypeReference' && annotation.typeName.type === 'Identifier' ? annotation.typeName.name : undefined
    return [{ name: id.name, exported, statement, init: bare(init), type }]
  })
}

/** Which file a statement takes a name from, and its name there. */
function originOf(statement: Statement, name: string): { readonly specifier: string; readonly name: string } | undefined {
  if (statement.type === 'ImportDeclaration') {
    for (const specifier of statement.specifiers) {
      if (specifier.type === 'ImportSpecifier' && specifier.local.name === name) {
        return { specifier: statement.source.value, name: nameOf(specifier.imported) }
      }
    }
  } else if (statement.type === 'ExportNamedDeclaration' && statement.source) {
    for (const specifier of statement.specifiers) {
      if (specifier.type === 'ExportSpecifier' && nameOf(specifier.exported) === name) {
        return { specifier: statement.source.value, name: nameOf(specifier.local) }
      }
    }
  }
  return undefined
}

/** The name of a property, an import or an export, written as an identifier or as a string. */
export function nameOf(node: { readonly type: string; readonly name?: unknown; readonly value?: unknown }): string {
  return String(node.type === 'Identifier' ? node.name : node.value)
}

function resolve(path: string, specifier: string): string | undefined {
  const [, ours] = /^@vicinity\/(\w+)$/.exec(specifier) ?? []
  if (ours !== undefined) {
    return `packages/${ours}/src/index.ts`
  }
  return specifier.startsWith('.') ? posix.join(posix.dirname(path), specifier) : undefined
}
