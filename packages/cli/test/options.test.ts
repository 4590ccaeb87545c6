import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { keyTypes, networkScopes, payloadFormats, presets, unsignedPolicies } from '@vicinity/peer'
import { paperTables } from '@vicinity/simulator/paper'
import { optionsMarkdown } from '../src/markdown.ts'
import { simulateMarkdown } from '../src/simulate/markdown.ts'
import {
  idCreateOptions,
  idShowOptions,
  nodeOptions,
  simulateOptions,
  simulatePaperOptions,
  simulateReplayOptions
} from '../src/options.ts'

test('docs/options.md is what the options table says', async () => {
  const page = await readFile(new URL('../../../docs/options.md', import.meta.url), 'utf8')
  assert.equal(page, optionsMarkdown(), 'write it again: npx node -C vicinity-source packages/cli/scripts/options.ts')
})

test('docs/simulate.md is what the tables of the simulator say', async () => {
  const page = await readFile(new URL('../../../docs/simulate.md', import.meta.url), 'utf8')
  assert.equal(page, simulateMarkdown(), 'write it again: npx node -C vicinity-source packages/cli/scripts/options.ts')
})

test('the words offered are those that the peer takes, and the defaults are the headless preset', () => {
  assert.deepEqual([...nodeOptions.network.choices].sort(), [...networkScopes].sort())
  assert.deepEqual([...nodeOptions.payload.choices].sort(), [...payloadFormats].sort())
  assert.deepEqual([...nodeOptions.unsigned.choices].sort(), [...unsignedPolicies].sort())
  assert.deepEqual([...nodeOptions['key-type'].choices].sort(), [...keyTypes].sort())
  const { network, payload, unsigned, protocol } = presets.headless
  assert.deepEqual(
    {
      network: nodeOptions.network.default,
      payload: nodeOptions.payload.default,
      unsigned: nodeOptions.unsigned.default,
      protocol: nodeOptions.protocol.default
    },
    { network, payload, unsigned, protocol }
  )
})

test('the help names every table there is', () => {
  assert.deepEqual(
    simulatePaperOptions.tables.help.match(/T\d+/g),
    paperTables.map(({ id }) => id)
  )
})

test('no two options of a command read the same variable, and each example uses its option', () => {
  const simulate = [simulateOptions, simulatePaperOptions, simulateReplayOptions]
  for (const table of [nodeOptions, idCreateOptions, idShowOptions, ...simulate]) {
    const variables = Object.values(table).flatMap(({ env }) => env)
    assert.deepEqual(variables, [...new Set(variables)])
    for (const [name, { example }] of Object.entries(table)) {
      assert.ok(example.split(' ').includes(`--${name}`), example)
    }
  }
})
