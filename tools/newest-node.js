#!/usr/bin/env node
// @ts-check
/**
 * Fetches the newest Node into `.cache/newest-node`, beside what the lockfile knows, for the test that a seed means the same there:
 * `node tools/newest-node.js`. Of npm's `node` package it takes the part that is Node itself, for this system.
 *
 * Exit code 0 also where it cannot be had, with the reason: the test is skipped then.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const folder = join(dirname(dirname(fileURLToPath(import.meta.url))), '.cache', 'newest-node')
const name = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`

try {
  const version = npm(['view', 'node', 'version']).trim()
  if (installed() === version) {
    console.log(`Node ${version} is here already`)
  } else {
    mkdirSync(folder, { recursive: true })
    // a prefix without a package.json would be looked for further up
    npm([
      'install',
      '--prefix',
      folder,
      '--global=false',
      '--no-save',
      '--no-package-lock',
      '--no-audit',
      '--no-fund',
      `${name}@${version}`
    ])
    console.log(`Node ${version} is in ${folder}`)
  }
} catch (error) {
  const reason = error instanceof Error && 'stderr' in error ? String(error.stderr) : String(error)
  const line = reason.split('\n').find(each => /err/i.test(each)) ?? reason
  console.log(`skipped: the newest Node cannot be fetched (${line.trim()})`)
}

/** @param {string[]} args */
function npm(args) {
  return execFileSync('npm', args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 300_000,
    shell: process.platform === 'win32'
  })
}

function installed() {
  const manifest = join(folder, 'node_modules', name, 'package.json')
  return existsSync(manifest) ? JSON.parse(readFileSync(manifest, 'utf8')).version : undefined
}
