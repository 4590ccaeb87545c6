/**
 * `--resume`: the parts of the papers' tables that were measured, in a file to which each is added as it ends. All of them take an
 * hour, and what ends a run early should cost no more than the parts that ran.
 */
import { appendFileSync, existsSync, readFileSync, truncateSync } from 'node:fs'
import { UsageError } from '../errors.ts'
import { fileReason } from '../trace-file.ts'
import type { PaperMeta, PartResult } from '@vicinity/simulator/paper'
import type { PaperEnd } from './paper-jobs.ts'

type Done = Extract<PaperEnd, { readonly type: 'done' }>

/** What the figures of all parts in a file follow from: the first line. */
interface Head {
  readonly paperParts: 1
  readonly commit: string
  readonly size: string
  readonly seed: string
}

export class PaperParts {
  readonly #path: string
  readonly #done = new Map<string, Done>()

  /** @throws UsageError for a file of another run, one that holds something else, and one that cannot be read or written. */
  constructor(path: string, { commit, size, seed }: PaperMeta) {
    if (commit === undefined) {
      throw new UsageError(`--resume ${path}: nobody knows of which commit this program is, so nothing can be taken over`)
    }

    this.#path = path
    const head: Head = { paperParts: 1, commit, size, seed }
    try {
      if (existsSync(path) && readFileSync(path, 'utf8') !== '') {
        this.#read(head)
      } else {
        this.#add(head)
      }
    } catch (error) {
      throw error instanceof UsageError ? error : new UsageError(`--resume ${path}: ${fileReason(error)}`)
    }
  }

  /** How many there are already. */
  get size(): number {
    return this.#done.size
  }

  /** What a part has given, if it was measured before. */
  get(table: string, part: number): Done | undefined {
    return this.#done.get(keyOf(table, part))
  }

  add(table: string, part: number, { result, wallTimeMs }: Done): void {
    this.#add({ table, part, wallTimeMs, result })
  }

  #add(line: object): void {
    appendFileSync(this.#path, `${JSON.stringify(line)}\n`)
  }

  #read(wanted: Head): void {
    const text = readFileSync(this.#path, 'utf8')
    const lines = text.split('\n')
    // the last line is empty, or was being written when the run ended
    const cut = lines.pop() ?? ''
    const [head, ...parts] = lines.map((line, at) => this.#parse(line, at + 1))
    if (head?.['paperParts'] !== 1) {
      throw new UsageError(
        `--resume ${this.#path}: it holds something else than measured parts, and is left as it is: name another file`
      )
    }

    for (const name of ['commit', 'size', 'seed'] as const) {
      if (head[name] !== wanted[name]) {
        throw new UsageError(
          `--resume ${this.#path}: its parts are of ${name} ${String(head[name])}, and this run is of ${name} ${wanted[name]}: name another file, or remove it`
        )
      }
    }

    for (const [at, { table, part, wallTimeMs, result }] of parts.entries()) {
      if (typeof table !== 'string' || typeof part !== 'number' || typeof wallTimeMs !== 'number' || !isResult(result)) {
        throw this.#broken(at + 2)
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

    throw this.#broken(number)
  }

  #broken(line: number): UsageError {
    return new UsageError(`--resume ${this.#path}: line ${line} is no measured part: remove it, or name another file`)
  }
}

function keyOf(table: string, part: number): string {
  return `${table}/${part}`
}

function isResult(value: unknown): value is PartResult {
  return typeof value === 'object' && value !== null && 'rows' in value && Array.isArray(value.rows) && 'requests' in value
}
