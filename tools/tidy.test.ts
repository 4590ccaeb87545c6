/**
 * The repository's own lint, run as a test: every file against every rule of tools/tidy. CONTRIBUTING.md says what the
 * rules are for; tools/tidy/rules.test.ts shows that each of them catches what it should.
 */
import assert from 'node:assert/strict'
import { dirname } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { boundViolations } from './tidy/bounds.ts'
import { isCode, readSource, repositoryFiles } from './tidy/files.ts'
import { importViolations } from './tidy/imports.ts'
import { packageViolations, undeclaredViolations } from './tidy/packages.ts'
import { purityViolations } from './tidy/purity.ts'
import { sizeViolations } from './tidy/size.ts'
import type { Source, Violation } from './tidy/source.ts'
import { testViolations } from './tidy/tests.ts'
import { lockfileViolations, textViolations } from './tidy/text.ts'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const paths = repositoryFiles(root)
const files = paths.map(path => readSource(root, path)).filter(source => source !== undefined)
const code = files.filter(({ path }) => isCode(path))
const manifests = files.filter(({ path }) => /^packages\/[^/]+\/package\.json$/.test(path))

function textOf(path: string): string {
  const source = files.find(file => file.path === path)
  assert(source !== undefined, `${path} is missing`)
  return source.text
}

/** Fails with every violation, one a line, as an editor understands it: path:line: message. */
function hold(sources: readonly Source[], rule: (source: Source) => readonly Violation[]): void {
  assert.notEqual(sources.length, 0, 'there was no file to judge')
  const violations = sources.flatMap(rule)
  assert.equal(violations.length, 0, violations.map(({ path, line, message }) => `${path}:${line}: ${message}`).join('\n'))
}

describe('tidy', () => {
  it('imports follow the arrows', () => hold(code, importViolations))

  it('the engine and the simulator are pure', () => hold(code, purityViolations))

  it('everything in the engine has a bound', () => {
    const limits = textOf('packages/kademlia/src/limits.ts')
    hold(code, source => boundViolations(source, limits))
  })

  it('files, functions and folders are small', () => hold(code, sizeViolations))

  it('tests run, and wait for what should happen', () => hold(code, testViolations))

  it('no file names a machine or a registry, or promises a later', () => hold(files, textViolations))

  it('the lockfile ties nobody to a registry', () => {
    hold(
      files.filter(({ path }) => path === 'package-lock.json'),
      lockfileViolations
    )
  })

  it('packages are whole', () => {
    const every = new Set(paths)
    hold(manifests, manifest => packageViolations(manifest, every))
  })

  it('packages declare what they import', () => {
    const shipped = code.filter(({ path }) => /^packages\/[^/]+\/src\//.test(path))
    hold(shipped, source => undeclaredViolations(source, textOf(source.path.replace(/\/src\/.*/, '/package.json'))))
  })
})
