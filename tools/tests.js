// @ts-check
/** Where test files stand. */
import { existsSync, readdirSync } from 'node:fs'
import { join, sep } from 'node:path'

/**
 * The test files of a checkout, as paths from its root with `/`, in a stable order.
 *
 * @param {string} root
 * @param {string[]} words - keep the files whose path contains one of these; none keeps all
 */
export function findTests(root, words = []) {
  const packages = list(root, 'packages').map(name => `packages/${name}/test`)
  const files = [...packages, 'bench', 'conformance', 'tools'].flatMap(folder => testsBelow(root, folder))
  return files.filter(file => words.length === 0 || words.some(word => file.includes(word))).sort()
}

/** @param {string} root @param {string} folder @returns {string[]} */
function testsBelow(root, folder) {
  if (!existsSync(join(root, folder))) {
    return []
  }

  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter(file => file.endsWith('.test.ts') && !file.includes('node_modules'))
    .map(file => `${folder}/${file.split(sep).join('/')}`)
}

/** @param {string} root @param {string} folder */
function list(root, folder) {
  return existsSync(join(root, folder)) ? readdirSync(join(root, folder)) : []
}
