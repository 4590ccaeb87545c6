// @ts-check
/** Which Node runs the project: its own, which comes with the install, or the machine's where that is new enough. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'

/** The oldest Node that strips types, and that the packages declare in `engines`. */
const oldestMajor = 24

/** @param {string} root */
export function ownNode(root) {
  return join(root, 'node_modules', 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node')
}

/** Whether the Node that runs this file could run the project. */
export function machineNodeServes(version = process.versions.node) {
  return Number.parseInt(version, 10) >= oldestMajor
}

/**
 * The program to run the project with. The project's own comes first, so that everybody runs the same; where there is
 * no build of it for the system (or install scripts are switched off), the machine's must be new enough.
 *
 * @param {string} root
 */
export function projectNode(root) {
  const own = ownNode(root)
  return existsSync(own) ? own : process.execPath
}
