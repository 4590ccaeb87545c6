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

/** A lockfile that names where packages were fetched from ties everyone to that registry. */
export function lockfileViolations({ path, text }: Source): Violation[] {
  return text.split('\n').flatMap((content, index) =>
    /"resolved": "https?:/.test(content)
      ? [
          {
            rule: 'lockfile',
            path,
            line: index + 1,
            message: 'a registry address; .npmrc says omit-lockfile-registry-resolved'
          }
        ]
      : []
  )
}
