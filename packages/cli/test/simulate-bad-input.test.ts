/** What `vicinity simulate` cannot do is refused before anything runs, with the flag that was typed and what it may be. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runVicinity } from './fixtures/vicinity.ts'

const refused: ReadonlyArray<readonly [args: string, message: string]> = [
  ['basline', "unknown scenario 'basline' (Did you mean baseline?)"],
  ['nothing-like-it', "unknown scenario 'nothing-like-it' (there are baseline, churn, "],
  ['baseline --nods 5', "unknown option '--nods' (Did you mean --nodes?)"],
  ['baseline --nodes', "option '--nodes <count>' argument missing"],
  ['baseline 1000', "too many arguments for 'baseline'"],
  ['baseline --nodes 1', '--nodes is "1": it has to be a whole number from 2 to 1000000'],
  ['baseline --nodes 2000000', '--nodes is "2000000": it has to be a whole number from 2 to 1000000'],
  ['baseline --nodes 20.5', '--nodes is "20.5": it has to be a whole number from 2 to 1000000'],
  ['baseline --nodes ten', '--nodes is "ten": it has to be a whole number from 2 to 1000000'],
  ['baseline --nodes 0x20', '--nodes is "0x20": it has to be a whole number from 2 to 1000000'],
  ['baseline --duration Infinity', '--duration is "Infinity": it has to be a number from 0 to 864000 s'],
  ['baseline --rtt-min -5', '--rtt-min is "-5": it has to be a number from 0 to 60000 ms'],
  ['baseline --rtt-min 300 --rtt-max 200', '--rtt-min is at most --rtt-max (200 ms), not 300'],
  ['baseline --loss 1', '--loss is "1": it has to be a number from 0 to 0.9'],
  ['baseline --latency mars', '--latency is "mars": it has to be one of world, uniform'],
  ['baseline --liars 1.5', '--liars is "1.5": it has to be a number from 0 to 1'],
  ['baseline --liars .6 --silent .6', 'are shares of all servers: together at most 1, not 1.2'],
  ['sybil --nodes 10 --sybils 11', '--sybils is at most --nodes (10), not 11'],
  ['swarm --nodes 10 --sybils 11', '--sybils is at most --nodes (10), not 11'],
  ['partition --fault-start 20 --fault-end 10', '--fault-start is at most --fault-end (10 s), not 20'],
  ['baseline --nodes 3 --clients .9', 'of --nodes 3 with --clients 0.9 only 0 serve: it takes two'],
  ['baseline --k 5 --beta 6', '--beta is at most --k (5), not 6'],
  ['baseline --seeds 0', '--seeds is "0": it has to be a whole number from 1 to 100000'],
  ['baseline --seeds -1', '--seeds is "-1": it has to be a whole number from 1 to 100000'],
  ['baseline --seeds 100001', '--seeds is "100001": it has to be a whole number from 1 to 100000'],
  ['baseline --threads 0', '--threads is "0": it has to be a whole number from 1 to 1024'],
  ['baseline --seed one;two', '--seed is "one;two": it has to be up to 64 letters'],
  ['baseline --only-lookups 1,two', '--only-lookups is "1,two": it has to be numbers with commas between them, or none']
]

for (const [args, message] of refused) {
  test(`simulate ${args}`, async t => {
    const { code, stdout, stderr } = await runVicinity(t, ['simulate', ...args.split(' ')])
    assert.equal(code, 1)
    assert.deepEqual(stdout, [])
    assert.ok(stderr[0]?.startsWith('vicinity: ') && stderr[0].includes(message), stderr.join('\n'))
    const [scenario = ''] = args.split(' ')
    const typed = message.startsWith('unknown scenario') ? 'vicinity simulate' : `vicinity simulate ${scenario}`
    assert.equal(stderr[1], `See: ${typed} --help`)
  })
}
