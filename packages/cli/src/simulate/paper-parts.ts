/**
 * `--resume`: the parts of the papers' tables that were measured, in a file to which each is added as it ends. All of them take more than
 * an hour, and what ends a run early should cost no more than the parts that ran.
 */
import { createHash } from 'node:crypto'
import { appendFileSync, existsSync, readdirSync, readFileSync, truncateSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { UsageError } from '../errors.ts'
import { talk } from '../output.ts'
import { fileReason } from '../trace-file.ts'
import type { PaperMeta, PartResult } from '@vicinity/simulator/paper'
import type { PaperEnd } from './paper-jobs.ts'

type Done = Extract<PaperEnd, { readonly type: 'done' }>

/** What the figures of all parts in a file follow from: its first line. */
interface Head {
  readonly paperParts: 1
  /** A digest of the program text that measures. */
  readonly program: string
  readonly size: string
  readonly seed: string
}

export class PaperParts {
  readonly #path: string
  readonly #done = new Map<string, Done>()
  #broken = false

  /** @throws UsageError for a file of another run, one that holds something else, and one that cannot be read or written. */
  constructor(path: string, { size, seed }: Pick<PaperMeta, 'size' | 'seed'>) {
    this.#path = path
    const head: Head = { paperParts: 1, program: programDigest(), size, seed }
    try {
      if (existsSync(path) && readFileSync(path, 'utf8') !== '') {
        this.#read(head)
      } else {
        this.#append(head)
      }
    } catch (error) {
      throw error instanceof UsageError ? error : new UsageError(`--resume ${path}: ${fileReason(error)}`)
    }
  }

  /** What a part has given, if it was measured before. */
  get(table: string, part: number): Done | undefined {
    return this.#done.get(keyOf(table, part))
  }

  /** Keeps a part. Where the file takes no more that is said once, and the measuring goes on without it. */
  add(table: string, part: number, { result, wallTimeMs }: Done): void {
    if (this.#broken) {
      return
    }

    try {
      this.#append({ table, part, wallTimeMs, result })
    } catch (error) {
      this.#broken = true
      talk.line(`Nothing more is kept in ${this.#path}: ${fileReason(error)}`)
    }
  }

  #append(line: object): void {
    appendFileSync(this.#path, `${JSON.stringify(line)}\n`)
  }

  #read(wanted: Head): void {
    const text = readFileSync(this.#path, 'utf8')
    const lines = text.split('\n')
    // the last line is empty, or was being written when the run ended
    const cut = lines.pop() ?? ''
    const [head, ...parts] = lines.map((line, at) => this.#parse(line, at + 1))
    if (head?.['paperParts'] !== 1) {
      throw this.#wrong('it holds something else than measured parts, and is left as it is: name another file')
    }

    if (head['program'] !== wanted.program) {
      throw this.#wrong('its parts were measured by another version of this program: name another file, or remove it')
    }

    for (const name of ['size', 'seed'] as const) {
      if (head[name] !== wanted[name]) {
        const difference = `its parts are of ${name} ${String(head[name])}, and this run is of ${name} ${wanted[name]}`
        throw this.#wrong(`${difference}: name another file, or remove it`)
      }
    }

    for (const [at, { table, part, wallTimeMs, result }] of parts.entries()) {
      if (typeof table !== 'string' || typeof part !== 'number' || typeof wallTimeMs !== 'number' || !isResult(result)) {
        throw this.#noPart(at + 2)
      }

      this.#done.set(keyOf(table, part), { type: 'done', result, wallTimeMs })
    }

    truncateSync(this.#path, Buffer.byteLength(text) - Buffer.byteLength(cut))
  }

  #parse(line: string, number: number): Readonly<Record<string, unknown>> {
    try {
      const value: unknown = JSON.parse(line)
      if (typeof value === 'object' && value !== null) {
        return value as Readonly<Record<string, unknown>>
      }
    } catch {
      // said below
    }

    throw this.#noPart(number)
  }

  #noPart(line: number): UsageError {
    return this.#wrong(`line ${line} is no measured part: remove it, or name another file`)
  }

  #wrong(what: string): UsageError {
    return new UsageError(`--resume ${this.#path}: ${what}`)
  }
}

/** Of the simulator what changes no figure of a table: what judges and repeats runs, and what draws and writes the page. */
const besides = /^(?:check|replay|swarm|report\/pictures)\/|^paper\/document\./

/** Whether figures of the tables may follow from a source file, named from its package's folder of sources. */
export function isMeasuring(file: string): boolean {
  return /\.[jt]s$/.test(file) && !besides.test(file)
}

/** A digest of the engine, of what simulates it and of what both need, as they are installed here. */
function programDigest(): string {
  const hash = createHash('sha256')
  for (const name of ['@vicinity/kademlia', '@vicinity/wire', '@vicinity/simulator']) {
    const folder = dirname(fileURLToPath(import.meta.resolve(name)))
    const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).map(path => path.replaceAll('\\', '/'))
    for (const file of files.filter(isMeasuring).sort()) {
      hash.update(`${name}/${file}\n`).update(readFileSync(join(folder, file)))
    }
  }

  return hash.digest('hex').slice(0, 16)
}

function keyOf(table: string, part: number): string {
  return `${table}/${part}`
}

function isResult(value: unknown): value is PartResult {
  return typeof value === 'object' && value !== null && 'rows' in value && Array.isArray(value.rows) && 'requests' in value
}
