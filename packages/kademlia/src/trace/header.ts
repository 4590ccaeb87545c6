/** The first line of a trace: what the machine was made of. */
import { defaultConfig, validateConfig } from '../config.ts'
import type { KademliaConfig } from '../config.ts'
import type { TraceDecoder } from './decoder.ts'
import type { TraceEncoder } from './encoder.ts'
import { Fields } from './fields.ts'
import { traceVersion } from './format.ts'
import type { TraceHeader } from './format.ts'

/** What a trace is known by. */
const mark = 'vicinity trace'

/** The end of what Date can tell. */
const latestTime = 8_640_000_000_000_000

export function writeHeader(header: TraceHeader, encoder: TraceEncoder): string {
  const { program, commit, startedAt, seed, self, config } = header
  return JSON.stringify({
    [mark]: traceVersion,
    program,
    commit: commit ?? null,
    startedAt,
    seed,
    self: encoder.encode(self),
    config: encoder.encode(config)
  })
}

/** A header, or the version of one that is not ours to read and the commit that could. Throws SyntaxError for no header. */
export type HeaderRead = TraceHeader | { readonly version: unknown; readonly commit: unknown }

export function readHeader(json: unknown, decoder: TraceDecoder): HeaderRead {
  const { [mark]: version, commit, ...rest } = new Fields(json, 'the first line of a trace').all()
  if (version === undefined) {
    throw new SyntaxError(`it is not the first line of a trace, which begins with {"${mark}":${traceVersion}`)
  }

  if (version !== traceVersion) {
    return { version, commit }
  }

  const fields = new Fields(decoder.decode(rest), 'the first line')
  return fields.end({
    program: fields.text('program'),
    commit: typeof commit === 'string' ? commit : undefined,
    startedAt: fields.whole('startedAt', 0, latestTime),
    seed: fields.text('seed'),
    self: fields.contact('self'),
    config: readConfig(new Fields(fields.take('config'), '"config"').all())
  })
}

/** A setting that the recording program did not know has its default. */
function readConfig(given: Readonly<Record<string, unknown>>): KademliaConfig {
  const known: Readonly<Record<string, unknown>> = { ...defaultConfig }
  for (const [name, value] of Object.entries(given)) {
    if (!Object.hasOwn(known, name)) {
      throw new SyntaxError(`it names a setting "${name}", which this version does not know`)
    }

    if (typeof value !== typeof known[name]) {
      throw new SyntaxError(`the setting "${name}" is ${JSON.stringify(value)}, and not a ${typeof known[name]}`)
    }
  }

  const config = { ...defaultConfig, ...given }
  new Fields(config, '"config"').oneOf('mode', ['client', 'server'])
  try {
    validateConfig(config)
  } catch (error) {
    throw error instanceof RangeError ? new SyntaxError(`its settings cannot be: ${error.message}`) : error
  }

  return config
}
