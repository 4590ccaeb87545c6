/** Which commit of the repository this program is, read from the repository's own files: starting git would take longer. */
import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * The commit that is checked out where this program runs from, `undefined` where that is no checkout (an installed package
 * is known by its version). Changes that are not committed do not show.
 */
export function commit(root = checkout()): string | undefined {
  if (root === undefined) {
    return undefined
  }

  try {
    const git = gitFolder(root)
    const head = readFileSync(join(git, 'HEAD'), 'utf8').trim()
    const ref = /^ref: (refs\/\S+)$/.exec(head)?.[1]
    return hash(ref === undefined ? head : (lookUp(git, ref) ?? ''))
  } catch {
    return undefined
  }
}

/** The repository's root, if we are in it: a package installed in somebody else's repository is not of their commit. */
function checkout(): string | undefined {
  const own = fileURLToPath(new URL('..', import.meta.url))
  const root = resolve(own, '..', '..')
  return resolve(root, 'packages', 'cli') === resolve(own) && existsSync(join(root, '.git')) ? root : undefined
}

/** `.git` is a folder, or in a worktree a file that names one. */
function gitFolder(root: string): string {
  const git = join(root, '.git')
  try {
    const [, elsewhere] = /^gitdir: (.+)$/m.exec(readFileSync(git, 'utf8')) ?? []
    return elsewhere === undefined ? git : resolve(root, elsewhere)
  } catch {
    return git
  }
}

/** A ref's commit: from its own file, or the one in which git packs them. A worktree's are in the repository that it is of. */
function lookUp(git: string, ref: string): string | undefined {
  const commonFile = join(git, 'commondir')
  const common = existsSync(commonFile) ? resolve(git, readFileSync(commonFile, 'utf8').trim()) : git
  const own = join(common, ref)
  if (existsSync(own)) {
    return readFileSync(own, 'utf8').trim()
  }

  const packed = readFileSync(join(common, 'packed-refs'), 'utf8').split('\n')
  return packed.find(line => line.endsWith(` ${ref}`))?.split(' ')[0]
}

function hash(text: string): string | undefined {
  return /^[0-9a-f]{40,64}$/.test(text) ? text : undefined
}
