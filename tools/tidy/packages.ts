/** What each package must come with, and that it declares what it imports. */
import { fences, importsOf, packageName } from './imports.ts'
import type { Source, Violation } from './source.ts'

/** The conditions of every export, in the order in which they must be tried. */
const conditions = ['vicinity-source', 'types', 'default']

/**
 * @param manifest - the package.json of a package
 * @param files - every path of the repository
 */
export function packageViolations(manifest: Source, files: ReadonlySet<string>): Violation[] {
  const folder = manifest.path.replace(/\/package\.json$/, '')
  const json: unknown = JSON.parse(manifest.text)
  const messages = [
    files.has(`${folder}/README.md`) ? [] : ['there is no README.md'],
    field(json, 'license') === 'Apache-2.0 OR MIT' ? [] : ['license must be "Apache-2.0 OR MIT"'],
    field(json, 'type') === 'module' ? [] : ['type must be "module"'],
    typeof field(field(json, 'engines'), 'node') === 'string' ? [] : ['engines.node is missing'],
    exportMessages(field(json, 'exports'), folder, files),
    arrowMessages(folder, json)
  ].flat()
  return messages.map(message => ({ rule: 'packages', path: manifest.path, line: 1, message }))
}

function exportMessages(exports: unknown, folder: string, files: ReadonlySet<string>): string[] {
  if (typeof exports !== 'object' || exports === null || !('.' in exports)) {
    return ['exports["."] is missing']
  }

  return Object.entries(exports).flatMap(([subpath, targets]) => {
    const names = typeof targets === 'object' && targets !== null ? Object.keys(targets) : []
    if (names.join() !== conditions.join()) {
      return [`exports["${subpath}"] must have the conditions ${conditions.join(', ')}, in this order`]
    }

    const [source, types, code] = conditions.map(name => String(field(targets, name)))
    const stem = /^\.\/src\/(.+)\.ts$/.exec(source ?? '')?.[1]
    if (stem === undefined || !files.has(`${folder}/src/${stem}.ts`)) {
      return [`exports["${subpath}"] names ${source}, which is not there`]
    }

    return types === `./dist/${stem}.d.ts` && code === `./dist/${stem}.js`
      ? []
      : [`exports["${subpath}"] must lead to what ${source} is built into`]
  })
}

/** The arrows hold for package.json, too: what is not imported need not be installed. */
function arrowMessages(folder: string, json: unknown): string[] {
  const name = folder.replace(/^packages\//, '')
  const ours = dependencies(json, ['dependencies', 'peerDependencies']).filter(dependency => dependency.startsWith('@vicinity/'))
  return ours
    .filter(dependency => !fences[name]?.ours.includes(dependency))
    .map(dependency => `it depends on ${dependency} against the arrows`)
}

/** Imports of a package's sources that its package.json does not declare: they work here and fail when published. */
export function undeclaredViolations(source: Source, manifestText: string): Violation[] {
  const json: unknown = JSON.parse(manifestText)
  const declared = new Set(dependencies(json, ['dependencies', 'peerDependencies', 'optionalDependencies']))
  return importsOf(source)
    .filter(({ specifier }) => !/^(?:[.#]|node:)/.test(specifier) && !declared.has(packageName(specifier)))
    .map(({ line, specifier }) => ({
      rule: 'packages',
      path: source.path,
      line,
      message: `${packageName(specifier)} is not in the package's dependencies`
    }))
}

function dependencies(json: unknown, fields: readonly string[]): string[] {
  return fields.flatMap(name => Object.keys(field(json, name) ?? {}))
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? (value as Record<string, unknown>)[name]
    : undefined
}
