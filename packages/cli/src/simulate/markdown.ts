/** The simulator's scenarios, options and tables of papers as the page `docs/simulate.md`. */
import { optionSpecs } from '@vicinity/simulator'
import { paperTables } from '@vicinity/simulator/paper'
import { gallery, galleryCommand, galleryFile } from './gallery.ts'
import { argumentsOf, flagOf, knobGroups, placeholderOf, rangeOf, shown } from './knobs.ts'
import { offers } from './scenarios.ts'
import type { OptionName } from '@vicinity/simulator'

/** The whole page. */
export function simulateMarkdown(): string {
  return [
    '# Simulations',
    '',
    "Made from the simulator's tables (`packages/simulator/src/options.ts`, `scenarios.ts` and `paper`) by `packages/cli/scripts/options.ts`;",
    'a test fails when it is out of date.',
    '',
    '```',
    'vicinity simulate baseline                                        a scenario as it is, with a seed that is drawn and printed',
    'vicinity simulate churn --nodes 500 --session-median 10 --seed 1  with some of it otherwise',
    'vicinity simulate partition --seed 1 --out partition              with its report as JSON and its pictures in a folder',
    'vicinity simulate swarm --seeds 1000                              many seeds, on all cores',
    'vicinity simulate baseline --seed 1 --json                        the report as JSON on standard output',
    '```',
    '',
    'The same scenario, flags and seed give the same run: the hash at the end of the report is of every event of it, and is the',
    'same on every machine, Node version and browser engine. What belongs to the run rather than to what is simulated (`--seeds`, `--threads`,',
    '`--out` and so on) stands in [options.md](options.md).',
    '',
    'The report goes to standard output, progress to standard error. The exit code is 0 if every check held, 1 if one did not or if',
    'something could not be run; the report then ends with the command that does it again. Ctrl-C reports what there was until then and exits',
    'with 130; a second one ends at once.',
    '',
    '## Large networks',
    '',
    'A network begins with most of its work: every node that starts looks itself up and refreshes its buckets, so that 10,000 nodes send 4',
    'million requests in the first eight virtual seconds, and 100,000 nodes 50 million in the first ten. `baseline` with 100,000 nodes, connections and',
    'checks took 52 minutes and 20 GB (seed 1, 16,000 requests a second); `--no-connections --refresh-interval 0 --bootstrap-interval 0` leaves the',
    'lookups and the probes of table entries, which took two and a half minutes and 3.9 GB.',
    '',
    '## Scenarios',
    '',
    'A scenario is a set of options with a name; every option can be set otherwise.',
    '',
    '| scenario | what it is | it sets |',
    '| --- | --- | --- |',
    ...offers.map(({ name, summary, preset }) =>
      row([`\`${name}\``, summary, preset === 'drawn' ? 'whatever is drawn' : `\`${argumentsOf(preset).join(' ')}\``])
    ),
    '',
    '## Pictures',
    '',
    '`--out` writes these of every run, and the other distributions: hops, requests, recall. Those of several seeds are of all of them together;',
    'of several seeds of `swarm`, whose networks differ, there is only the report.',
    '',
    ...gallery.flatMap(run =>
      Object.entries(run.shown).flatMap(([name, words]) => [
        words,
        '',
        `![${name}](simulator/${galleryFile(run.scenario, name)})`,
        '',
        `\`${galleryCommand(run)}\``,
        ''
      ])
    ),
    ...paperSection(),
    '## Options',
    '',
    'Shares are from 0 to 1 unless it says otherwise. What stands under *drawn* is what `swarm` chooses from.',
    '',
    ...knobGroups.flatMap(({ heading, names }) => [
      `### ${heading.replace(/:$/, '')}`,
      '',
      '| option | default | values | drawn | what it is |',
      '| --- | --- | --- | --- | --- |',
      ...names.map(optionRow),
      ''
    ])
  ].join('\n')
}

function paperSection(): string[] {
  return [
    "## The papers' tables",
    '',
    '`vicinity simulate paper` measures what papers, measurements of the public network and independent models say of a Kademlia DHT, a table',
    'after the other, and says which figures are as expected; the exit code is 0 if all are. Some parts are measured only with `--full`. Its',
    'options stand in [options.md](options.md).',
    '',
    '```',
    'vicinity simulate paper                      small networks and wide tolerances: a minute of two cores',
    'vicinity simulate paper --tables T2,T10      two of the tables',
    'vicinity simulate paper --full --out papers  all of it, which takes an hour and a half, into papers/paper.md and papers/paper',
    '```',
    '',
    '| table | what it is of | where what is expected comes from |',
    '| --- | --- | --- |',
    ...paperTables.map(({ id, title, source }) => row([id, title, source])),
    ''
  ]
}

function optionRow(name: OptionName): string {
  const spec = optionSpecs[name]
  const flag =
    spec.type === 'flag'
      ? spec.default
        ? flagOf(name).replace('--', '--no-')
        : flagOf(name)
      : `${flagOf(name)} <${placeholderOf(spec)}>`
  const unit = spec.type === 'number' && spec.unit !== '' ? ` ${spec.unit}` : ''
  return row([
    `\`${flag}\``,
    `${shown(spec.default)}${unit}`,
    spec.type === 'flag' ? 'yes or no' : spec.type === 'choice' ? spec.choices.join(', ') : rangeOf(spec),
    spec.swarm === undefined ? '' : [...new Set(spec.swarm)].map(shown).join(', '),
    spec.help
  ])
}

function row(cells: readonly string[]): string {
  // a bar would end the cell
  return `| ${cells.map(cell => cell.replaceAll('|', '\\|')).join(' | ')} |`
}
