/**
 * A trace in a file, as the node writes it. It must not hold the node up, nor end it, and must not grow in memory while the
 * disk is busy: lines are written by the system beside what else the node does, and a disk that cannot keep up, or take any
 * more, ends the trace and not the node. What was recorded is there after a crash too, but for the last moment.
 */
import { closeSync, openSync, unlinkSync, write, writeSync } from 'node:fs'
import { codeOf, reasonOf } from './errors.ts'
import type { TraceSink } from '@vicinity/dht'

/** Characters that wait for the disk before it counts as too slow. */
const waitingMax = 32 * 1024 * 1024

/** A trace that cannot be written or read. Says which file, why, and what to do. */
export class TraceFileError extends Error {
  override readonly name = 'TraceFileError'
  readonly code: 'ERR_TRACE_EXISTS' | 'ERR_TRACE_UNWRITABLE' | 'ERR_TRACE_UNREADABLE'

  constructor(code: TraceFileError['code'], message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

export interface TraceFileInit {
  readonly path: string
  readonly program: string
  readonly commit: string | undefined
  /** Told once, when the trace can go no further, and why. */
  readonly failed: (reason: string) => void
}

export class TraceFile implements TraceSink {
  readonly program: string
  readonly commit: string | undefined
  readonly #init: TraceFileInit
  readonly #fd: number
  /** What the system is writing, at `#position`. */
  #writing: Uint8Array | undefined
  #position = 0
  // bounded by waitingMax
  #waiting: string[] = []
  #waitingLength = 0
  #state: 'open' | 'failed' | 'closed' = 'open'
  #onIdle: () => void = () => {}

  /** Makes the file. Throws {@link TraceFileError}; a file that exists is never touched. */
  constructor(init: TraceFileInit) {
    this.program = init.program
    this.commit = init.commit
    this.#init = init
    this.#fd = openNew(init.path)
    process.on('exit', this.#atExit)
  }

  /** Whether all lines were, or are still to be, written. */
  get whole(): boolean {
    return this.#state !== 'failed'
  }

  line(text: string): void {
    if (this.#state !== 'open') {
      return
    }

    this.#waiting.push(text)
    this.#waitingLength += text.length + 1
    if (this.#waitingLength > waitingMax) {
      this.#fail('the disk is too slow for it')
    } else if (this.#writing === undefined) {
      this.#write(this.#takeWaiting())
    }
  }

  /** Resolves when every line is written. A file that holds none is removed. Gives whether there is a file. */
  async close(): Promise<boolean> {
    if (this.#writing !== undefined) {
      await new Promise<void>(resolve => {
        this.#onIdle = resolve
      })
    }

    process.off('exit', this.#atExit)
    if (this.#state === 'open') {
      this.#state = 'closed'
    }

    closeSync(this.#fd)
    if (this.#position === 0) {
      unlinkSync(this.#init.path)
    }

    return this.#position > 0
  }

  #takeWaiting(): Uint8Array {
    const bytes = Buffer.from(`${this.#waiting.join('\n')}\n`)
    this.#waiting = []
    this.#waitingLength = 0
    return bytes
  }

  #write(bytes: Uint8Array): void {
    this.#writing = bytes
    write(this.#fd, bytes, 0, bytes.length, this.#position, (error, written) => {
      this.#writing = undefined
      if (error !== null) {
        this.#fail(fileReason(error))
      } else {
        this.#position += written
        this.#goOn(bytes.subarray(written))
      }
    })
  }

  #goOn(rest: Uint8Array): void {
    if (this.#state !== 'open') {
      this.#onIdle()
    } else if (rest.length > 0) {
      this.#write(rest)
    } else if (this.#waiting.length > 0) {
      this.#write(this.#takeWaiting())
    } else {
      this.#onIdle()
    }
  }

  #fail(reason: string): void {
    this.#state = 'failed'
    this.#waiting = []
    this.#init.failed(reason)
    this.#onIdle()
  }

  /** The process ends with lines that are not written: when it matters most. What the system may be writing is written again. */
  readonly #atExit = (): void => {
    if (this.#state !== 'open') {
      return
    }

    const unwritten = [
      ...(this.#writing === undefined ? [] : [this.#writing]),
      ...(this.#waiting.length > 0 ? [this.#takeWaiting()] : [])
    ]
    try {
      for (const bytes of unwritten) {
        writeSync(this.#fd, bytes, 0, bytes.length, this.#position)
        this.#position += bytes.length
      }
    } catch {
      // The disk does not take it, and nobody listens any more.
    }
  }
}

/** Readable for nobody else: a trace tells whom the node met. */
function openNew(path: string): number {
  try {
    return openSync(path, 'wx', 0o600)
  } catch (error) {
    if (codeOf(error) === 'EEXIST') {
      throw new TraceFileError(
        'ERR_TRACE_EXISTS',
        `${path} exists, and is left as it is: name a new file for the trace, or remove it`,
        {
          cause: error
        }
      )
    }

    throw new TraceFileError(
      'ERR_TRACE_UNWRITABLE',
      `cannot make ${path} for the trace (${fileReason(error)}): name a file in a folder where you may write`,
      { cause: error }
    )
  }
}

/** What the file system says, in words. */
export function fileReason(error: unknown): string {
  switch (codeOf(error)) {
    case 'ENOENT':
      return 'there is no such file or folder'
    case 'ENOTDIR':
      return 'what should be a folder is a file'
    case 'EISDIR':
      return 'that is a folder'
    case 'EACCES':
    case 'EPERM':
      return 'permission denied'
    case 'EROFS':
      return 'the file system is read-only'
    case 'ENOSPC':
    case 'EDQUOT':
      return 'no space left'
    default:
      return reasonOf(error)
  }
}
