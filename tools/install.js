// @ts-check
/**
 * Brings `node_modules` to what `package-lock.json` asks for, and does nothing, quickly, when it is there already.
 *
 * What is installed is judged by npm's own record of it (`node_modules/.package-lock.json`, written when an install has
 * ended well), so an `npm install` by hand is as good as ours, and an install that was killed is seen and repeated.
 * Where npm makes something else of a lockfile than what it says (it drops entries that no package asks for), a stamp of our own
 * remembers which record came of which lockfile, so that the same is not installed again and again.
 */
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { runChild } from './child.js'
import { withLock } from './lock.js'
import { machineNodeServes, ownNode } from './node.js'

/** An install that failed; the message says what to do. `signal` is what ended it, where somebody wanted it ended. */
export class InstallError extends Error {
  /** @param {string} message @param {NodeJS.Signals} [signal] */
  constructor(message, signal) {
    super(message)
    this.signal = signal
  }
}

/**
 * @typedef {{ version?: string, integrity?: string, link?: boolean, optional?: boolean, os?: string[], cpu?: string[] }} LockEntry
 * @typedef {Record<string, LockEntry>} LockEntries
 */

/** @param {string} root */
export async function ensureInstalled(root) {
  if (whatIsMissing(root) === undefined) {
    return
  }

  const needed = () => whatIsMissing(root) !== undefined
  await withLock(join(root, '.cache', 'install.lock'), say, needed, async keep => {
    say(`installing what the project needs first (${whatIsMissing(root)}): npm ci`)
    await install(root, keep)
    say('installed')
  })
}

/**
 * Why an install is needed, as a phrase, or undefined when none is. Costs some milliseconds.
 *
 * @param {string} root
 * @param {{ platform: string, arch: string, version: string }} system
 */
export function whatIsMissing(root, system = { platform: process.platform, arch: process.arch, version: process.versions.node }) {
  const wanted = read(join(root, 'package-lock.json'))
  if (wanted === undefined) {
    throw new InstallError('package-lock.json is missing or unreadable: this is not a whole checkout; clone the repository again')
  }

  if (!existsSync(join(root, 'node_modules'))) {
    return 'there is no node_modules'
  }

  const installed = read(join(root, ...record))
  if (installed === undefined) {
    return 'the last install did not end'
  }

  const stamped = stampOf(wanted, installed) === readStamp(root)
  return (
    (stamped ? undefined : differs(wanted.entries, installed.entries)) ??
    absent(root, installed.entries) ??
    foreign(installed.entries, system) ??
    (existsSync(ownNode(root)) || machineNodeServes(system.version) ? undefined : "the project's Node is not there")
  )
}

const record = ['node_modules', '.package-lock.json']
const stamp = ['node_modules', '.vicinity-install']

/** @typedef {{ text: string, entries: LockEntries }} LockFile */

/** @param {string} file @returns {LockFile | undefined} */
function read(file) {
  try {
    const text = readFileSync(file, 'utf8')
    return { text, entries: JSON.parse(text).packages }
  } catch {
    return undefined
  }
}

/** @param {string} root */
function readStamp(root) {
  try {
    return readFileSync(join(root, ...stamp), 'utf8')
  } catch {
    return undefined
  }
}

/** @param {LockFile} wanted @param {LockFile} installed */
function stampOf(wanted, installed) {
  return createHash('sha256').update(wanted.text).update('\0').update(installed.text).digest('hex')
}

/** @param {LockEntries} wanted @param {LockEntries} installed */
function differs(wanted, installed) {
  for (const [path, entry] of Object.entries(wanted)) {
    const found = installed[path]
    // Optional packages are those of other systems; npm knows which of them belong here.
    if (path === '' || (entry.optional === true && found === undefined)) {
      continue
    }

    if (found === undefined || found.version !== entry.version || found.integrity !== entry.integrity) {
      return `${path} is not as package-lock.json has it`
    }
  }

  // One too many at the top harms nobody (npm install --no-save); one inside a package hides the right one from it.
  const extra = Object.keys(installed).find(path => !Object.hasOwn(wanted, path) && /[^/]\/node_modules\//.test(path))
  return extra === undefined ? undefined : `${extra} is not in package-lock.json`
}

/** @param {string} root @param {LockEntries} installed */
function absent(root, installed) {
  const missing = Object.keys(installed).find(path => !existsSync(join(root, path, 'package.json')))
  return missing === undefined ? undefined : `${missing} is not there`
}

/** @param {LockEntries} installed @param {{ platform: string, arch: string }} system */
function foreign(installed, { platform, arch }) {
  const other = Object.entries(installed).find(([, { os, cpu }]) => !allows(os, platform) || !allows(cpu, arch))
  return other === undefined ? undefined : `${other[0]} was installed for another system than ${platform}-${arch}`
}

/** @param {string[] | undefined} names - as in package.json's `os` and `cpu`, where `!` excludes @param {string} name */
function allows(names, name) {
  if (names === undefined || names.length === 0 || names.includes('any')) {
    return true
  }

  const excluded = names.includes(`!${name}`)
  return !excluded && (names.includes(name) || names.every(other => other.startsWith('!')))
}

/** @param {string} root @param {(pid: number) => void} keep - tells the lock of the process that does the work */
async function install(root, keep) {
  // From here on npm's record would be wrong, and stays so if we are killed.
  rmSync(join(root, 'node_modules', '.package-lock.json'), { force: true })

  // Development dependencies always (the project's Node is one), whatever NODE_ENV says. The packages declare Node 24,
  // and that is what they get: what npm says of the machine's own is beside the point, hence errors only.
  const args = [
    'ci',
    '--include=dev',
    '--include=optional',
    '--engine-strict=false',
    '--loglevel=error',
    '--no-audit',
    '--no-fund'
  ]
  // npm's talk is not the command's output: standard output stays clean.
  const stdio = /** @type {const} */ (['ignore', 2, 2])
  const npm = npmProgram()
  const stopping = new Stopping()
  /** @type {import('./child.js').Ending} */
  let ending
  try {
    ending = await runChild(npm.file, [...npm.args, ...args], {
      cwd: root,
      stdio: [...stdio],
      started: child => {
        stopping.child = child
        keep(child.pid ?? process.pid)
      },
      heard: signal => stopping.hear(signal)
    })
  } catch (error) {
    throw new InstallError(`npm could not be started (${/** @type {Error} */ (error).message}). Install npm, then run: npm ci`)
  }

  const failed = 'signal' in ending || ending.code !== 0
  if (failed && stopping.signal !== undefined) {
    throw new InstallError('the install was stopped; the same command starts it again', stopping.signal)
  }

  if ('signal' in ending) {
    throw new InstallError(`the install was ended by ${ending.signal}; the same command starts it again`)
  }

  if (ending.code !== 0) {
    throw new InstallError(
      `npm ci failed with exit code ${ending.code}; what npm said is above. It needs a package registry (behind a proxy: npm config set proxy); ` +
        'the same command tries again'
    )
  }

  const wanted = read(join(root, 'package-lock.json'))
  const installed = read(join(root, ...record))
  if (wanted !== undefined && installed !== undefined) {
    writeFileSync(join(root, ...stamp), stampOf(wanted, installed))
  }

  const reason = whatIsMissing(root)
  if (reason !== undefined) {
    throw new InstallError(`npm ci ended well, but ${reason}. ${existsSync(ownNode(root)) ? '' : nodeAdvice}`)
  }
}

/** Somebody stops the install: npm takes back what it did, which can take some seconds; whoever insists need not wait. */
class Stopping {
  /** @type {import('node:child_process').ChildProcess | undefined} */
  child
  /** @type {NodeJS.Signals | undefined} */
  signal
  #since = 0

  /** @param {NodeJS.Signals} signal */
  hear(signal) {
    if (this.signal === undefined) {
      this.signal = signal
      this.#since = Date.now()
      say('stopping the install; once more ends it at once')
    } else if (Date.now() - this.#since > sameKeypressMs) {
      this.child?.kill('SIGKILL')
    }
  }
}

/** One Ctrl-C is heard from the terminal and, under `npm run`, from npm as well. */
const sameKeypressMs = 500

const nodeAdvice =
  "If npm was told to run no install scripts, allow the one that puts the project's Node in place: " +
  'npm rebuild node --ignore-scripts=false. Or run with Node 24 or newer'

/** npm without a shell: the one that runs us, else the one that came with this Node, else whatever is called npm. */
function npmProgram() {
  const bin = dirname(process.execPath)
  const places = [
    process.env['npm_execpath'],
    join(bin, 'node_modules', 'npm', 'bin', 'npm-cli.js'),
    join(bin, '..', 'lib', 'node_modules', 'npm', 'bin', 'npm-cli.js')
  ]
  const script = places.find(place => place?.endsWith('npm-cli.js') && existsSync(place))
  return script === undefined ? { file: 'npm', args: [] } : { file: process.execPath, args: [script] }
}

/** @param {string} text */
function say(text) {
  process.stderr.write(`vicinity: ${text}\n`)
}
