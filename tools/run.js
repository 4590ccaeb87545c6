#!/usr/bin/env node
// @ts-check
/**
 * What every npm script calls: `node tools/run.js start|test|check|lint|format|build|bench|mutations|nightly|paper|mutants|stryker [arguments]`.
 *
 * It installs what is missing, then hands over to the project's own Node (npm's `node` package), so that a fresh
 * clone works with its first command whatever Node the machine has. This folder's plain JavaScript is all that the machine's
 * Node has to understand: Node 20 or newer, any system, no shell.
 */
import { existsSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runChild } from './child.js'
import { ensureInstalled, InstallError } from './install.js'
import { machineNodeServes, projectNode } from './node.js'
import { findTests } from './tests.js'

const root = dirname(dirname(fileURLToPath(import.meta.url)))

// Workspaces resolve to their TypeScript sources under this export condition; nothing is built in development.
const fromSource = ['-C', 'vicinity-source']

const tools = {
  biome: 'node_modules/@biomejs/biome/bin/biome',
  oxlint: 'node_modules/oxlint/bin/oxlint',
  stryker: 'node_modules/@stryker-mutator/core/bin/stryker.js',
  tsc: 'node_modules/typescript/bin/tsc'
}

/**
 * A step is one program for the project's Node to run.
 *
 * @typedef {{ name: string, args: string[] }} Step
 * @type {Record<string, { help: string, steps: (args: string[]) => Step[] }>}
 */
const commands = {
  start: {
    help: 'run a peer (vicinity node); arguments go to it',
    steps: args => [{ name: 'vicinity node', args: ['packages/cli/bin/vicinity.js', 'node', ...args] }]
  },
  test: {
    help: 'run the tests; a word keeps the files whose path contains it, an option goes to node --test',
    steps: args => [testStep(args)]
  },
  check: {
    help: 'lint, formatting, types and the rules of tools/tidy',
    steps: () => [
      lintStep([]),
      { name: 'format', args: [tools.biome, 'format', '.'] },
      { name: 'types', args: [tools.tsc, '-b'] },
      testStep(['tools/tidy'])
    ]
  },
  lint: { help: 'oxlint with the rules that need types', steps: args => [lintStep(args)] },
  format: {
    help: 'rewrite every file in the one format',
    steps: args => [{ name: 'format', args: [tools.biome, 'format', '--write', ...(args.length > 0 ? args : ['.'])] }]
  },
  build: {
    help: 'type-check and write dist/; arguments go to tsc -b',
    steps: args => [{ name: 'build', args: [tools.tsc, '-b', ...args] }]
  },
  paper: {
    help: 'measure the papers’ tables at full size (an hour and a half of two cores) and write docs/paper.md; options go to vicinity simulate paper',
    steps: args => [
      {
        name: 'paper',
        args: ['packages/cli/bin/vicinity.js', 'simulate', 'paper', '--full', '--out', 'docs', ...args]
      }
    ]
  },
  nightly: {
    help: 'simulate 1,000 random small networks and make failing ones small, then 1,000,000 mutations; options go to vicinity simulate swarm',
    steps: args => [
      {
        name: 'swarm',
        args: ['packages/cli/bin/vicinity.js', 'simulate', 'swarm', '--seeds', '1000', '--shrink', ...args]
      },
      mutationsStep(['--count', '1000000'])
    ]
  },
  mutations: {
    help: 'write mutations of recorded sessions at a running peer: --count, --seed, --only LAYER,…, --replay FILE',
    steps: args => [mutationsStep(args)]
  },
  bench: {
    help: 'the benchmarks; --smoke runs each with tiny inputs',
    steps: args => [{ name: 'bench', args: [...fromSource, 'bench/run.ts', ...args] }]
  },
  mutants: {
    help: 'put faults into the engine on purpose, and see which checker of the simulator finds each; prints docs/mutants.md',
    steps: args => [{ name: 'mutants', args: [...fromSource, 'packages/simulator/scripts/mutation-run.ts', ...args] }]
  },
  stryker: {
    help: 'mutate kademlia and see which changes its tests notice (more than an hour); options go to stryker run, --mutate FILE among them',
    steps: args => [{ name: 'stryker', args: [tools.stryker, 'run', ...args] }]
  }
}

/** @param {string[]} args @returns {Step} */
function lintStep(args) {
  return { name: 'lint', args: [tools.oxlint, '--type-aware', ...args] }
}

/** @param {string[]} args @returns {Step} */
function mutationsStep(args) {
  return { name: 'mutations', args: [...fromSource, 'packages/cli/scripts/mutations.ts', ...args] }
}

/** @param {string[]} args @returns {Step} */
function testStep(args) {
  const options = args.filter(arg => arg.startsWith('-'))
  const words = args.filter(arg => !arg.startsWith('-'))
  const files = findTests(root, words)
  if (files.length === 0) {
    throw new UsageError(`no test file's path contains ${words.map(word => `"${word}"`).join(' or ')}`)
  }

  const reporter = options.some(option => option.startsWith('--test-reporter')) ? [] : ['--test-reporter=spec']
  // Node's own default leaves one core for the runner, which on a machine with two means one file at a time; the tests
  // that start peers mostly wait for each other.
  const concurrency = options.some(option => option.startsWith('--test-concurrency'))
    ? []
    : [`--test-concurrency=${Math.max(2, availableParallelism() - 1)}`]
  // A test that waits for what never comes fails, instead of holding up all the others.
  const timeout = options.some(option => option.startsWith('--test-timeout')) ? [] : ['--test-timeout=300000']
  return { name: 'test', args: [...fromSource, '--test', ...timeout, ...concurrency, ...reporter, ...options, ...files] }
}

class UsageError extends Error {}

/**
 * The environment of what we run: TypeScript is stripped once and kept, wherever Node can keep it; and who starts a `node` by
 * its name, as Stryker does for each test file, gets the same one.
 *
 * @param {string} node
 */
function environment(node) {
  const cache = join(root, 'node_modules', '.cache', 'vicinity')
  const path = Object.keys(process.env).find(name => name.toUpperCase() === 'PATH') ?? 'PATH'
  const paths = [dirname(node), process.env[path] ?? ''].join(delimiter)
  return { NODE_COMPILE_CACHE: cache, ...process.env, [path]: paths }
}

/** @param {Step} step */
async function runStep(step) {
  const program = step.args.find(arg => /\.[jt]s$|^node_modules/.test(arg))
  if (program !== undefined && !step.args.includes('--test') && !existsSync(join(root, program))) {
    throw new UsageError(`${step.name} needs ${program}, which this checkout does not have`)
  }

  const node = projectNode(root)
  const options = { cwd: root, env: environment(node) }
  try {
    return await runChild(node, step.args, options)
  } catch (error) {
    // The project's Node is a glibc build on Linux: elsewhere (Alpine) it is there and cannot run.
    if (node === process.execPath || !machineNodeServes()) {
      throw new InstallError(`${node} does not run on this system (${messageOf(error)}); use Node 24 or newer of its own`)
    }

    return await runChild(process.execPath, step.args, { ...options, env: environment(process.execPath) })
  }
}

/** @param {unknown} error */
function messageOf(error) {
  return error instanceof Error ? error.message : String(error)
}

/** Runs every step even after one failed, so that one call shows all there is to repair; the first failure is the result. */
async function runSteps(/** @type {Step[]} */ steps) {
  /** @type {import('./child.js').Ending} */
  let result = { code: 0 }
  for (const step of steps) {
    if (steps.length > 1) {
      process.stderr.write(`\n── ${step.name}\n`)
    }

    const ending = await runStep(step)
    if ('signal' in ending) {
      return ending
    }

    if (ending.code !== 0 && 'code' in result && result.code === 0) {
      result = ending
    }
  }

  return result
}

/**
 * npm runs us through a shell, and who ends npm (a supervisor, a time limit) ends the shell with it, but not us: nobody
 * would stop what we started. So when our parent goes, it is as if we had been told to end.
 */
function endWithParent() {
  const parent = process.ppid
  const watch = setInterval(() => {
    if (process.ppid !== parent) {
      clearInterval(watch)
      process.kill(process.pid, 'SIGTERM')
    }
  }, 250)
  watch.unref()
}

function usage() {
  const lines = Object.entries(commands).map(([name, { help }]) => `  ${name.padEnd(10)}${help}`)
  return ['Usage: node tools/run.js <command> [arguments]', '', ...lines, ''].join('\n')
}

async function main() {
  const [name = '', ...args] = process.argv.slice(2)
  const command = Object.hasOwn(commands, name) ? commands[name] : undefined
  if (command === undefined) {
    throw new UsageError(name === '' ? 'a command is missing' : `there is no command "${name}"`)
  }

  if (process.env['npm_lifecycle_event'] !== undefined) {
    endWithParent()
  }

  await ensureInstalled(root)
  const ending = await runSteps(command.steps(args))
  if ('signal' in ending) {
    endBy(ending.signal)
  } else {
    process.exitCode = ending.code
  }
}

/**
 * Ending by the same signal tells whoever waits for us how it ended; the code is for systems without signals.
 *
 * @param {NodeJS.Signals} signal
 */
function endBy(signal) {
  process.exitCode = 1
  process.kill(process.pid, signal)
}

try {
  await main()
} catch (error) {
  if (error instanceof UsageError) {
    process.stderr.write(`vicinity: ${error.message}\n\n${usage()}`)
    process.exitCode = 2
  } else if (error instanceof InstallError) {
    process.stderr.write(`vicinity: ${error.message}\n`)
    process.exitCode = 1
    if (error.signal !== undefined) {
      endBy(error.signal)
    }
  } else {
    throw error
  }
}
