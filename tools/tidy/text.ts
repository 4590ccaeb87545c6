/** What no file of the repository may say, whatever its kind: where one person's machine keeps things, and a promise of later. */
import type { Source, Violation } from './source.ts'

const forbidden: readonly { readonly pattern: RegExp; readonly message: string }[] = [
  { pattern: /(?<![\w.~])\/(?:root|home|work|Users)\/\w/, message: "a path of somebody's machine" },
  {
    pattern: /\bregistry\.(?:npmjs\.org|yarnpkg\.com)|\bproxy\.golang\.org|\bstatic\.crates\.io|\bpypi\.org\/simple/,
    message: 'the host of a package registry'
  },
  { pattern: /\b(?:T[O]DO|FIX[M]E|X[X]X)\b/, message: 'a promise of later; file an issue instead' },
  { pattern: /^(?:<{7}|>{7}) /, message: 'an unresolved merge' }
]

export function textViolations({ path, text }: Source): Violation[] {
  return text
    .split('\n')
    .flatMap((content, index) =>
      forbidden
        .filter(({ pattern }) => pattern.test(content))
        .map(({ message }) => ({ rule: 'text', path, line: index + 1, message }))
    )
}

/** A lockfile that names where packages were fetched from ties everyone to that registry; one with gaps fails on other systems. */
export function lockfileViolations(source: Source): Violation[] {
  return [...registryAddresses(source), ...gaps(source)]
}

function registryAddresses({ path, text }: Source): Violation[] {
  const message = 'a registry address; .npmrc says omit-lockfile-registry-resolved'
  const lines = text.split('\n').map((content, index) => ({ content, line: index + 1 }))
  return lines
    .filter(({ content }) => /"resolved": "https?:/.test(content))
    .map(({ line }) => ({ rule: 'lockfile', path, line, message }))
}

/** Builds for other systems that the lockfile does not have, though a package names them: npm ci would leave them out there. */
function gaps({ path, text }: Source): Violation[] {
  const packages: Record<string, { optionalDependencies?: Record<string, string> }> = JSON.parse(text).packages
  return Object.entries(packages).flatMap(([holder, { optionalDependencies }]) =>
    Object.keys(optionalDependencies ?? {})
      .filter(name => !placesFor(name, holder).some(place => Object.hasOwn(packages, place)))
      .map(name => ({ rule: 'lockfile', path, line: 1, message: `${holder} names ${name}, for which there is no entry` }))
  )
}

/** Where a package that another one depends on may stand: inside it, or in any node_modules above. */
function placesFor(name: string, holder: string): string[] {
  const places = [`${holder}/node_modules/${name}`, `node_modules/${name}`]
  for (let above = holder.lastIndexOf('/node_modules/'); above > 0; above = holder.lastIndexOf('/node_modules/', above - 1)) {
    places.push(`${holder.slice(0, above)}/node_modules/${name}`)
  }

  return places
}
