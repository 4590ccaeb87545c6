/**
 * Serves the repository's modules to a browser as they are: types stripped, and every import of a package made the path of
 * the file that it means. No bundler comes between, so what runs there is what runs in Node.
 */
import { existsSync, readFileSync, realpathSync } from 'node:fs'
import { createServer } from 'node:http'
import { stripTypeScriptTypes } from 'node:module'
import { dirname, join, relative, resolve, sep } from 'node:path'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'

type Exports = string | { readonly [condition: string]: Exports }

interface Manifest {
  readonly exports?: Exports
  readonly imports?: { readonly [specifier: string]: Exports }
}

const conditions: ReadonlySet<string> = new Set(['vicinity-source', 'browser', 'import', 'default'])

export class ModuleServer {
  /** What could not be served, and why: a browser says only that a module did not load. */
  readonly failures: string[] = []
  readonly #root: string
  readonly #server: Server

  /** @param root - only what lies below it is served. */
  constructor(root: string) {
    this.#root = realpathSync(root)
    this.#server = createServer((request, response) => {
      const path = new URL(request.url ?? '/', 'http://localhost').pathname
      try {
        const { type, text } = path === '/' ? page : this.#module(path)
        response.writeHead(200, { 'content-type': type }).end(text)
      } catch (error) {
        this.failures.push(`${path}: ${String(error)}`)
        response.writeHead(404, { 'content-type': 'text/plain' }).end(String(error))
      }
    })
  }

  /** @returns where the page is from which modules can be loaded. */
  async listen(): Promise<string> {
    await new Promise<void>(done => {
      this.#server.listen(0, '127.0.0.1', done)
    })
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`
  }

  close(): void {
    this.#server.close()
    this.#server.closeAllConnections()
  }

  /** The path under which a file is served. */
  pathOf(file: string): string {
    const path = relative(this.#root, realpathSync(file))
    if (path.startsWith('..')) {
      throw new Error(`${file} is not in the repository`)
    }

    return `/${path.split(sep).join('/')}`
  }

  #module(path: string): { type: string; text: string } {
    const file = join(this.#root, path)
    // the path of a URL has no `..` left
    const source = readFileSync(file, 'utf8')
    const script = file.endsWith('.ts') ? stripTypeScriptTypes(source) : source
    const text = script.replaceAll(imported, (whole: string, before: string, quote: string, specifier: string) =>
      /^(\.|\/)/.test(specifier) ? whole : `${before}${quote}${this.#resolve(specifier, file)}${quote}`
    )
    return { type: 'text/javascript', text }
  }

  #resolve(specifier: string, from: string): string {
    if (specifier.startsWith('#')) {
      const folder = ancestors(from).find(each => existsSync(join(each, 'package.json'))) ?? ''
      return this.#file(folder, specifier, manifestOf(folder).imports?.[specifier])
    }

    const name = specifier
      .split('/')
      .slice(0, specifier.startsWith('@') ? 2 : 1)
      .join('/')
    const folder = ancestors(from)
      .map(each => join(each, 'node_modules', name))
      .find(existsSync)
    if (folder === undefined) {
      throw new Error(`${from} imports ${specifier}, which a browser does not have`)
    }

    const { exports } = manifestOf(folder)
    const subpath = `.${specifier.slice(name.length)}`
    return this.#file(folder, specifier, typeof exports === 'object' && '.' in exports ? exports[subpath] : exports)
  }

  #file(folder: string, specifier: string, exports: Exports | undefined): string {
    const target = exports === undefined ? undefined : choose(exports)
    if (target === undefined) {
      throw new Error(`${folder} has nothing for a browser under ${specifier}`)
    }

    return this.pathOf(resolve(folder, target))
  }
}

const page = { type: 'text/html', text: '<!doctype html><title>modules</title><link rel="icon" href="data:,">' }

const imported = /(\bfrom\s*|\bimport\s*\(?\s*)(['"])([@#.\w][\w@./-]*)\2/g

function choose(exports: Exports): string | undefined {
  if (typeof exports === 'string') {
    return exports
  }

  for (const [condition, below] of Object.entries(exports)) {
    const target = conditions.has(condition) ? choose(below) : undefined
    if (target !== undefined) {
      return target
    }
  }

  return undefined
}

function ancestors(file: string): string[] {
  const folder = dirname(file)
  return folder === file ? [] : [folder, ...ancestors(folder)]
}

function manifestOf(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest
}
