/** The repository's own files: what git tracks or would track; without git, whatever is not installed or built. */
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import type { Source } from './source.ts'

const made = new Set(['.cache', '.git', 'coverage', 'dist', 'node_modules'])

export function repositoryFiles(root: string): string[] {
  try {
    const args = ['ls-files', '-z', '--cached', '--others', '--exclude-standard']
    const listed = execFileSync('git', args, { cwd: root, encoding: 'utf8', stdio: 'pipe', maxBuffer: 64 * 1024 * 1024 })
    return [...new Set(listed.split('\0'))].filter(path => path !== '' && existsSync(join(root, path)))
  } catch {
    return readdirSync(root, { recursive: true, encoding: 'utf8' })
      .filter(path => !path.split(sep).some(part => made.has(part)) && statSync(join(root, path)).isFile())
      .map(path => relative('.', path).split(sep).join('/'))
  }
}

/** The file as text, or undefined when it is binary. */
export function readSource(root: string, path: string): Source | undefined {
  const bytes = readFileSync(join(root, path))
  return bytes.includes(0) ? undefined : { path, text: bytes.toString('utf8') }
}

/** Whether the syntax rules can read it. */
export function isCode(path: string): boolean {
  return /\.(?:[cm]?js|ts)$/.test(path) && !path.endsWith('.d.ts')
}
