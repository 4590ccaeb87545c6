/** From flags and environment to the values of an options table: a flag wins, then the first variable that is set. */
import { UsageError } from './errors.ts'
import type { OptionSpec, OptionTable, Setting, TextForm, Values } from './options.ts'

/** What the parser found, by option name. */
export type Flags = Readonly<Record<string, string | readonly string[] | boolean | undefined>>
export type Environment = Readonly<Record<string, string | undefined>>

/** Every option's value; throws {@link UsageError} for one that is not allowed. A blank variable is one that is not set. */
export function readSettings<Table extends OptionTable>(table: Table, flags: Flags, env: Environment): Values<Table> {
  const values = Object.entries(table).map(([name, spec]) => [name, read(spec, given(name, spec, flags, env))])
  return Object.fromEntries(values) as Values<Table>
}

function given(name: string, spec: OptionSpec, flags: Flags, env: Environment): Setting[] {
  const flag = flags[name]
  if (flag !== undefined) {
    return [flag].flat().map(value => ({ text: String(value), source: `--${name}` }))
  }
  return spec.env.flatMap(source => {
    const text = env[source]?.trim() ?? ''
    return text === '' ? [] : [{ text, source }]
  })
}

function read(spec: OptionSpec, settings: readonly Setting[]): unknown {
  const first = settings[0]
  switch (spec.type) {
    case 'addresses':
      return settings
    case 'flag':
      return first !== undefined && readFlag(first)
    case 'choice':
      return first === undefined ? spec.default : readChoice(first, spec.choices)
    case 'text':
      return first === undefined ? spec.default : readText(first, spec.form)
  }
}

function readFlag({ text, source }: Setting): boolean {
  const meaning = new Map([
    ['1', true],
    ['true', true],
    ['yes', true],
    ['0', false],
    ['false', false],
    ['no', false]
  ]).get(text.toLowerCase())
  if (meaning === undefined) {
    throw new UsageError(`${source} is "${text}": it has to be 1, true or yes, or else 0, false or no`)
  }
  return meaning
}

function readChoice({ text, source }: Setting, choices: readonly string[]): string {
  if (!choices.includes(text)) {
    throw new UsageError(`${source} is "${text}": it has to be one of ${choices.join(', ')}`)
  }
  return text
}

function readText({ text, source }: Setting, form: TextForm | undefined): string {
  if (text.trim() === '') {
    throw new UsageError(`${source} is empty`)
  }
  if (form !== undefined && !form.pattern.test(text)) {
    throw new UsageError(`${source} is "${text}": ${form.words}`)
  }
  return text
}
