import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Command } from 'commander'
import fc from 'fast-check'
import { drawOptions, optionNames, optionSpecs, scenarioNames, scenarioOptions } from '@vicinity/simulator'
import type { Settings, SimulationInit } from '@vicinity/simulator'
import { addKnobs, argumentsOf, readKnobs } from '../src/simulate/knobs.ts'
import { presetOf, reproduce, reproduceSeeds } from '../src/simulate/reproduce.ts'
import { seedsOf } from '../src/simulate/seeds.ts'

/** Any of the options with any value that it may have. */
const settings: fc.Arbitrary<Settings> = fc
  .record(Object.fromEntries(optionNames.map(name => [name, fc.option(valueOf(name), { nil: undefined })])))
  .map(all => Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)))

function valueOf(name: (typeof optionNames)[number]): fc.Arbitrary<string | number | boolean> {
  const spec = optionSpecs[name]
  switch (spec.type) {
    case 'flag':
      return fc.boolean()
    case 'choice':
      return fc.constantFrom(...spec.choices)
    case 'number': {
      const { min, max } = spec
      return spec.whole ? fc.integer({ min, max }) : fc.double({ min, max, noNaN: true }).map(value => (value === 0 ? 0 : value))
    }
  }
}

/** What a command makes of arguments. */
function read(args: readonly string[], preset: Settings | 'drawn'): Settings {
  const command = new Command().exitOverride().argument('[scenario]').option('--seed <text>')
  addKnobs(command, preset)
  command.parse(args, { from: 'user' })
  return readKnobs(command)
}

test('what is set is read back from the flags that set it', () => {
  fc.assert(
    fc.property(settings, fc.constantFrom('drawn' as const, ...scenarioNames), (set, name) => {
      assert.deepEqual(read(argumentsOf(set), name === 'drawn' ? name : scenarioOptions(name)), set)
    })
  )
})

test('the command that is printed gives the same options again', () => {
  fc.assert(
    fc.property(settings, fc.constantFrom('swarm', ...scenarioNames), fc.integer({ min: 0 }), (set, scenario, number) => {
      const seed = String(number)
      const preset = presetOf(scenario, seed)
      const init: SimulationInit = { scenario, seed, options: { ...preset, ...set } }
      const [, args = ''] = reproduce(init).split(' simulate ')
      const again = read(args.split(' '), scenario === 'swarm' ? 'drawn' : preset)
      assert.deepEqual({ ...preset, ...again }, init.options)
      for (const name of optionNames) {
        assert.notEqual(again[name], preset[name], `--${name} says nothing that the scenario does not`)
      }
    })
  )
})

test('what shrinking has left is part of the command', () => {
  const init = { scenario: 'swarm', seed: '1', options: drawOptions('1'), only: { faults: [], lookups: [2, 7] } }
  assert.match(reproduce(init), / simulate swarm --seed 1 --only-faults none --only-lookups 2,7$/)
})

test('the command of several seeds has all that was typed', () => {
  const again = reproduceSeeds({
    scenario: 'swarm',
    seed: 'any',
    count: 2,
    set: { nodes: 20 },
    only: { faults: [], lookups: [1, 2] }
  })
  assert.match(again, / simulate swarm --seed any --seeds 2 --nodes 20 --only-faults none --only-lookups 1,2$/)
})

test('seeds that follow each other are as the help says', () => {
  assert.deepEqual(seedsOf({ seed: '8', seeds: '3' }), ['8', '9', '10'])
  for (const text of ['any', '007', '1234567890123456']) {
    assert.deepEqual(seedsOf({ seed: text, seeds: '2' }), [`${text}/1`, `${text}/2`])
    assert.deepEqual(seedsOf({ seed: text, seeds: '1' }), [text])
  }
})
