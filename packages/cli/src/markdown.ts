/** The options table as the page `docs/options.md`. */
import {
  idCreateOptions,
  idShowOptions,
  nodeOptions,
  simulateOptions,
  simulatePaperOptions,
  simulateReplayOptions
} from './options.ts'
import { defaultOf } from './commander.ts'
import type { OptionSpec, OptionTable } from './options.ts'

/** The whole page. */
export function optionsMarkdown(): string {
  return [
    '# Options',
    '',
    'Made from `packages/cli/src/options.ts` by `packages/cli/scripts/options.ts`; a test fails when it is out of date.',
    '',
    'A flag overrides the environment variables beside it, and a variable that is blank counts as not set.',
    'Addresses are [multiaddrs](https://multiformats.io/multiaddr/): a flag that takes one may be given several times, and',
    'flags and variables both take several separated by commas. Blanks and empty items are ignored; an item that cannot be',
    'parsed ends the start with an error that names it.',
    '',
    ...section('vicinity node', nodeOptions),
    ...section('vicinity id create', idCreateOptions),
    ...section('vicinity id show', idShowOptions),
    ...section('vicinity simulate <scenario>', simulateOptions),
    'What is simulated is decided by further options, and by scenarios that set them: [simulate.md](simulate.md).',
    '',
    ...section('vicinity simulate paper', simulatePaperOptions),
    'What it measures: [simulate.md](simulate.md#the-papers-tables).',
    '',
    ...section('vicinity simulate replay <file>', simulateReplayOptions),
    '## Where `REMOTE_PEERS` goes',
    '',
    'Some lessons of the workshop name there the addresses to listen on, others the peers to dial. One rule serves both: an',
    "address whose host is one of this machine's own (or unspecified) and that names no peer id is listened on, every other",
    'one is dialled; one whose port is already taken on this machine is dialled too, for then a checker listens there.',
    '`--dial` takes the place of both `REMOTE_PEERS` and `REMOTE_PEER`, and only dials.',
    ''
  ].join('\n')
}

function section(title: string, table: OptionTable): string[] {
  return [
    `## \`${title}\``,
    '',
    '| option | environment | default | what it does |',
    '| --- | --- | --- | --- |',
    ...Object.entries(table).map(([name, spec]) => row(name, spec)),
    '',
    ...examples(table),
    ''
  ]
}

function row(name: string, spec: OptionSpec): string {
  const cells = [
    `\`--${name}${argument(spec)}\``,
    spec.env.map(variable => `\`${variable}\``).join(', '),
    'default' in spec && spec.default !== undefined ? `\`${spec.default}\`` : defaultOf(spec) || 'off',
    spec.help
  ]
  // A bar would end the cell.
  return `| ${cells.map(cell => cell.replaceAll('|', '\\|')).join(' | ')} |`
}

function argument(spec: OptionSpec): string {
  switch (spec.type) {
    case 'flag':
      return ''
    case 'addresses':
      return ' <address>'
    case 'choice':
      return ` <${spec.choices.join('|')}>`
    case 'text':
      return ` <${spec.placeholder}>`
  }
}

function examples(table: OptionTable): string[] {
  return ['```', ...Object.values(table).map(({ example }) => example), '```']
}
