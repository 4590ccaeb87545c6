/**
 * Mutates recorded sessions and writes them at a running peer, which has to live through all of them.
 *
 *     npm run mutations -- --count 1000000
 *     npm run mutations -- --only muxer,streams --seed 7
 *     npm run mutations -- --replay .cache/mutations/websocket-listens-7-12.json
 */
import { randomInt } from 'node:crypto'
import { parseArgs } from 'node:util'
import { layers, readKept } from '../test/mutations/cases.ts'
import { distribute } from '../test/mutations/distribution.ts'
import { replay, run } from '../test/mutations/run.ts'
import type { Layer } from '../test/mutations/cases.ts'

const { values } = parseArgs({
  options: {
    /** Cases in all. */
    count: { type: 'string', default: '100000' },
    seed: { type: 'string', default: `${randomInt(2 ** 32)}` },
    /** Layers, separated by commas; all by default. */
    only: { type: 'string' },
    /** Where failing inputs go. */
    keep: { type: 'string', default: '.cache/mutations' },
    /** Failures of a layer's side after which it is left. */
    failures: { type: 'string', default: '1' },
    /** A survey: let the victim go on after an error that nothing caught, and list all of them. */
    survive: { type: 'boolean', default: false },
    /** A kept file to play again. */
    replay: { type: 'string' }
  }
})

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}

async function playAgain(file: string): Promise<number> {
  const { cases, seed } = readKept(file)
  const reason = await replay(cases)
  say(`${cases.length} cases of seed ${seed}: ${reason ?? 'the victim lives'}`)
  return reason === undefined ? 0 : 1
}

function chosen(): Layer[] {
  const names = values.only?.split(',') ?? layers
  return names.map(name => {
    const layer = layers.find(one => one === name)
    if (layer === undefined) {
      throw new RangeError(`there is no layer ${name}; there are ${layers.join(', ')}`)
    }
    return layer
  })
}

/** The victim decides whom it asks, so that a few cases of its requests may be left. */
const playedPart = 0.99

async function mutateAll(): Promise<number> {
  const { seed, keep, survive } = values
  const count = Number(values.count)
  const result = await run({
    seed,
    counts: distribute(count, chosen()),
    keep,
    survive,
    failuresMax: Number(values.failures),
    say
  })
  for (const [stack, times] of result.escaped) {
    say(`escaped ${times} times: ${stack}`)
  }
  say(`${result.cases} cases, ${result.failures.length} failures; seed ${seed}`)
  if (result.failures.length === 0 && result.cases < playedPart * count) {
    say(`fewer than ${playedPart * 100} of 100 cases reached the victim`)
  }
  return result.failures.length === 0 && result.escaped.size === 0 && result.cases >= playedPart * count ? 0 : 1
}

// The native library of WebRTC keeps a process that has used it.
process.exit(values.replay === undefined ? await mutateAll() : await playAgain(values.replay))
