// @ts-check
/**
 * One at a time, across processes: a lock file that names its holders, so that a lock whose holders are gone is taken over.
 */
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { dirname } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

const lookEveryMs = 250
/** A holder on another machine (a shared folder) cannot be asked whether it lives; it touches its file. */
const touchEveryMs = 5_000
const silentAfterMs = 60_000
const writtenWithinMs = 2_000

/**
 * Does the work while nobody else does, if it is still needed then.
 *
 * @param {string} file
 * @param {(text: string) => void} say - hears when there is somebody to wait for
 * @param {() => boolean} needed - asked again while waiting: whoever holds the lock is doing the same work
 * @param {(keep: (pid: number) => void) => Promise<void>} work - `keep` names a child that holds the lock too, should we die before it
 */
export async function withLock(file, say, needed, work) {
  mkdirSync(dirname(file), { recursive: true })
  let told = false
  while (!take(file)) {
    const holder = readHolder(file)
    if (!held(file, holder)) {
      rmSync(file, { force: true })
      continue
    }

    if (!told && holder !== undefined) {
      say(`another install is running (process ${holder.pids.join(', ')}); waiting for it. If there is none, delete ${file}`)
      told = true
    }

    await delay(lookEveryMs)
    if (!needed()) {
      return
    }
  }

  const holder = { host: hostname(), pids: [process.pid] }
  const touching = setInterval(() => write(file, holder), touchEveryMs)
  touching.unref()
  try {
    if (needed()) {
      await work(pid => {
        holder.pids.push(pid)
        write(file, holder)
      })
    }
  } finally {
    clearInterval(touching)
    rmSync(file, { force: true })
  }
}

/** @typedef {{ host: string, pids: number[] }} Holder */

/** @param {string} file */
function take(file) {
  try {
    writeFileSync(file, JSON.stringify({ host: hostname(), pids: [process.pid] }), { flag: 'wx' })
    return true
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'EEXIST') {
      return false
    }

    throw error
  }
}

/** @param {string} file @param {Holder} holder */
function write(file, holder) {
  writeFileSync(file, JSON.stringify(holder))
}

/** @param {string} file @returns {Holder | undefined} undefined when the file is gone or says nothing */
function readHolder(file) {
  try {
    const { host, pids } = JSON.parse(readFileSync(file, 'utf8'))
    return typeof host === 'string' && Array.isArray(pids) ? { host, pids } : undefined
  } catch {
    return undefined
  }
}

/** @param {string} file @param {Holder | undefined} holder */
function held(file, holder) {
  if (holder?.host === hostname()) {
    return holder.pids.some(processLives)
  }

  // A file that says nothing yet is being written this moment, or its writer was killed at it.
  const silence = holder === undefined ? writtenWithinMs : silentAfterMs
  try {
    return Date.now() - statSync(file).mtimeMs < silence
  } catch {
    return false
  }
}

/** @param {number} pid */
function processLives(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return /** @type {NodeJS.ErrnoException} */ (error).code === 'EPERM'
  }
}
