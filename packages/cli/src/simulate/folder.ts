/** `--out`: a folder for a report and its pictures. What is there already is never touched, and that is found out before anything runs. */
import { accessSync, constants, existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { codeOf } from '../errors.ts'
import { fileReason } from '../trace-file.ts'

/** A folder that cannot be written to. Says which, why, and what to do. */
export class OutFolderError extends Error {
  override readonly name = 'OutFolderError'
  readonly code: 'ERR_OUT_EXISTS' | 'ERR_OUT_UNWRITABLE'

  constructor(code: OutFolderError['code'], message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

export class OutFolder {
  readonly #path: string

  /**
   * Makes the folder if there is none.
   *
   * @param names - the files that may be written.
   * @throws OutFolderError where one of them exists, or none can be written.
   */
  constructor(path: string, names: readonly string[]) {
    this.#path = path
    prepareFolder(path)
    const taken = names.find(name => existsSync(join(path, name)))
    if (taken !== undefined) {
      throw exists(join(path, taken))
    }
  }

  /** @returns the path of the new file. */
  write(name: string, text: string): string {
    const path = join(this.#path, name)
    try {
      writeFileSync(path, text, { flag: 'wx' })
    } catch (error) {
      throw codeOf(error) === 'EEXIST' ? exists(path) : unwritable(path, error)
    }

    return path
  }
}

/** Makes a folder if there is none. @throws OutFolderError where nothing can be written into it. */
export function prepareFolder(path: string): void {
  try {
    makeFolder(resolve(path))
    accessSync(path, constants.W_OK | constants.X_OK)
  } catch (error) {
    throw unwritable(path, error)
  }
}

/** Folder by folder: `mkdirSync` with `recursive` never comes back where a file system refuses as `/proc` does. */
function makeFolder(path: string): void {
  if (existsSync(path)) {
    if (!statSync(path).isDirectory()) {
      throw new NotFolder()
    }

    return
  }

  makeFolder(dirname(path))
  mkdirSync(path)
}

class NotFolder extends Error {
  readonly code = 'ENOTDIR'
}

function exists(path: string): OutFolderError {
  return new OutFolderError('ERR_OUT_EXISTS', `${path} exists, and is left as it is: name another folder, or remove it`)
}

function unwritable(path: string, error: unknown): OutFolderError {
  const reason = codeOf(error) === 'EEXIST' ? 'what should be a folder is a file' : fileReason(error)
  return new OutFolderError('ERR_OUT_UNWRITABLE', `cannot write to ${path} (${reason}): name a folder where you may write`, {
    cause: error
  })
}
