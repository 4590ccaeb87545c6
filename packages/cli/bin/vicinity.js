#!/usr/bin/env node
/**
 * The command's entry: plain JavaScript, so that any Node from 20 on can start it.
 *
 * It listens for signals before anything else, finds a Node that is new enough, and loads the command: from its
 * TypeScript sources in a checkout of the repository, from `dist` when installed as a package (or under VICINITY_DIST=1).
 */
import { spawn } from 'node:child_process'
import { existsSync, writeSync } from 'node:fs'
// A namespace, because Node 20 has neither `registerHooks` nor `enableCompileCache` to import by name.
import * as module from 'node:module'
import { constants } from 'node:os'
import { dirname, join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => {
    onSignal(signal)
  })
}
process.on('uncaughtException', onFatal)

/** The oldest Node that runs the command itself. */
const oldestMajor = 24

/** A key press reaches us more than once when npm, or another process in between, passes on what the terminal sent to all. */
const echoMs = 300

const headless = process.argv.slice(2).find(argument => !argument.startsWith('-')) === 'node'
const json = process.argv.includes('--json')
const stopping = new AbortController()
let asked = false
let askedAt = Number.NEGATIVE_INFINITY

/**
 * What the command gets from its entry.
 *
 * @type {import('../src/host.ts').Host}
 */
const host = {
  stop: stopping.signal,
  running: false,
  stoppingLine: headless ? (json ? '{"type":"stopping"}' : 'Shutting down...') : undefined,
  stopMs: 1_500,
  stopCode: undefined,
  fail(error) {
    const reason = error instanceof Error ? error.message : String(error)
    print(2, reason)
    if (headless) {
      print(1, json ? JSON.stringify({ type: 'error', code: 'ERR_UNEXPECTED', reason }) : `error,${reason.replace(/\s+/g, ' ')}`)
    }
  },
  endEscaped: () => false,
  requestStop
}

/** The first signal asks the command to stop, the second ends the process at once. */
function onSignal(signal) {
  const now = performance.now()
  const echo = now - askedAt < echoMs
  askedAt = now
  if (echo) {
    return
  }
  const code = 128 + constants.signals[signal]
  if (asked || !(headless || host.running)) {
    process.exit(code)
  }
  asked = true
  host.stopCode = code
  if (host.stoppingLine !== undefined) {
    print(1, host.stoppingLine)
  }
  requestStop()
}

/** Stop as a signal does, but without a word: the command runs until it has closed everything, or for `host.stopMs`. */
function requestStop() {
  stopping.abort()
  if (!host.running) {
    process.exit(0)
  }
  if (host.stopMs !== Number.POSITIVE_INFINITY) {
    setTimeout(() => {
      process.exit(0)
    }, host.stopMs)
  }
}

/** The end after an error that nobody expected, unless a stranger's connection ends for it instead. */
function onFatal(error) {
  if (host.endEscaped(error)) {
    return
  }
  host.fail(error)
  process.exit(1)
}

/** One line, written at once; nobody reading it is no reason to fail. */
function print(fd, line) {
  try {
    writeSync(fd, `${line}\n`)
  } catch {
    // The terminal or pipe is gone.
  }
}

/** The Node that came with the checkout's install, or with whatever package brought `node` along. */
function newerNode() {
  try {
    const home = dirname(module.createRequire(import.meta.url).resolve('node/package.json'))
    const file = join(home, 'bin', process.platform === 'win32' ? 'node.exe' : 'node')
    return existsSync(file) ? file : undefined
  } catch {
    return undefined
  }
}

/** Run the same command on another Node: its streams are ours, and so is its end. */
function handOver(file) {
  const child = spawn(file, [process.argv[1], ...process.argv.slice(2)], {
    stdio: 'inherit',
    env: { ...process.env, VICINITY_HANDED_OVER: process.versions.node }
  })
  const onTerminal = process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY
  let passed = false
  const pass = signal => {
    passed = true
    child.kill(signal)
  }
  process.removeAllListeners('SIGINT').removeAllListeners('SIGTERM')
  // A terminal's Ctrl-C reaches the child by itself.
  process.on('SIGINT', () => {
    if (onTerminal) {
      passed = true
    } else {
      pass('SIGINT')
    }
  })
  process.on('SIGTERM', () => {
    pass('SIGTERM')
  })
  child.once('error', onFatal)
  child.once('exit', (code, signal) => {
    if (signal !== null && passed && headless) {
      // It was asked to stop before its handlers stood, so nothing was running and nobody has said so.
      print(1, host.stoppingLine)
      process.exit(0)
    }
    process.exit(signal === null ? code : 128 + constants.signals[signal])
  })
}

/** `@vicinity/…` packages of the checkout, and what they call `#…` inside, resolve to sources, which run without a build. */
function runFromSource(root) {
  module.registerHooks({
    resolve: (specifier, context, next) =>
      /^(@vicinity\/|#)/.test(specifier)
        ? next(specifier, { ...context, conditions: [...context.conditions, 'vicinity-source'] })
        : next(specifier, context)
  })
  // Stripping the types of all that is loaded takes longer than running it; this keeps the result.
  module.enableCompileCache(process.env.NODE_COMPILE_CACHE ?? join(root, '..', '..', 'node_modules', '.cache', 'vicinity'))
}

async function load() {
  const root = dirname(dirname(fileURLToPath(import.meta.url)))
  const source = join(root, 'src', 'main.ts')
  // Type stripping refuses what lies under node_modules, where an installed package's sources are.
  if (!process.env.VICINITY_DIST && !/[\\/]node_modules[\\/]/.test(root) && existsSync(source)) {
    runFromSource(root)
    return await import('../src/main.ts')
  }
  module.enableCompileCache()
  return await import('../dist/main.js')
}

async function start() {
  if (Number.parseInt(process.versions.node, 10) < oldestMajor) {
    const newer = process.env.VICINITY_HANDED_OVER === undefined ? newerNode() : undefined
    if (newer === undefined) {
      throw new Error(
        `vicinity needs Node.js ${oldestMajor} or newer and this is ${process.versions.node}. ` +
          'Install it from https://nodejs.org, or in a checkout of the repository run: npm install'
      )
    }
    handOver(newer)
    return
  }
  const { main } = await load()
  // Loading gives the event loop no turn: a signal that came meanwhile is heard here, before anything is begun.
  await setImmediate()
  process.exit(await main(process.argv.slice(2), host))
}

start().catch(onFatal)
