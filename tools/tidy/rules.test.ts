/** The rules catch what they are there for: each is shown a file that breaks it, and one that does not. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { boundViolations } from './bounds.ts'
import { importViolations } from './imports.ts'
import { packageViolations, undeclaredViolations } from './packages.ts'
import { purityViolations } from './purity.ts'
import { limit, sizeViolations } from './size.ts'
import type { Source, Violation } from './source.ts'
import { testViolations } from './tests.ts'
import { lockfileViolations, textViolations } from './text.ts'

const engine = 'packages/kademlia/src/table/table.ts'

/** Asserts that the rule objects to the text, in the given words, and passes over the good one. */
function catches(rule: (source: Source) => Violation[], path: string, bad: string, words: RegExp, good = ''): void {
  const violations = rule({ path, text: bad })
  assert.notEqual(violations.length, 0, `nothing was said of: ${bad}`)
  assert.match(violations.map(({ message }) => message).join('; '), words)
  assert.deepEqual(rule({ path, text: good }), [], `objected to: ${good}`)
}

describe('tidy: imports', () => {
  const forms = (specifier: string): string[] => [
    `import { a } from '${specifier}'`,
    `import '${specifier}'`,
    `import type { A } from '${specifier}'`,
    `import { type A } from '${specifier}'`,
    `export { a } from '${specifier}'`,
    `export * from '${specifier}'`,
    `export * as a from '${specifier}'`,
    `export type { A } from '${specifier}'`,
    `const a = await import('${specifier}')`,
    `const a = import(\`${specifier}\`)`,
    `let a: import('${specifier}').A`,
    `const a = require('${specifier}')`,
    `import a = require('${specifier}')`
  ]

  it('sees every form of an import', () => {
    for (const text of forms('@vicinity/dht')) {
      catches(importViolations, engine, text, /kademlia may not import @vicinity\/dht/)
    }
  })

  it('lets the engine import nothing but itself', () => {
    const good = "import { k } from '../limits.ts'\n// import '@vicinity/wire'\nconst text = \"import 'x'\""
    catches(importViolations, engine, "import { sha256 } from 'multiformats'", /may not import multiformats/, good)
    catches(importViolations, engine, "import { hash } from 'node:crypto'", /may not import node:crypto/, good)
    catches(importViolations, engine, "import x from '../../../wire/src/index.ts'", /leaves the package/, good)
    catches(importViolations, engine, "import x from '../../test/helper.ts'", /leaves src/, good)
  })

  it('keeps the arrows pointing one way', () => {
    const against = [
      ['wire', '@vicinity/dht'],
      ['wire', '@libp2p/interface'],
      ['wire', 'node:buffer'],
      ['dht', '@vicinity/peer'],
      ['peer', '@vicinity/wire'],
      ['peer', '@vicinity/kademlia/internals'],
      ['peer', 'vicinity'],
      ['cli', '@vicinity/wire']
    ]
    for (const [folder, specifier] of against) {
      catches(importViolations, `packages/${folder}/src/index.ts`, `import '${specifier}'`, /may not import|nothing imports/)
    }

    const along = { wire: '@vicinity/kademlia', dht: '@vicinity/wire', peer: '@vicinity/dht', cli: '@vicinity/peer' }
    for (const [folder, specifier] of Object.entries(along)) {
      assert.deepEqual(importViolations({ path: `packages/${folder}/src/index.ts`, text: `import '${specifier}'` }), [])
    }
  })

  it('holds tests to the arrows too, but lets them use what they need of others', () => {
    const good = "import fc from 'fast-check'\nimport test from 'node:test'\nimport '@vicinity/kademlia'\nimport '../src/key.ts'"
    catches(importViolations, 'packages/kademlia/test/key.test.ts', "import '@vicinity/wire'", /may not import/, good)
  })

  it('lets nothing import the command, and no package stand without arrows', () => {
    catches(importViolations, 'bench/run.ts', "import 'vicinity'", /nothing imports the command/, "import '@vicinity/dht'")
    catches(importViolations, 'bench/run.ts', "import '../packages/cli/src/main.ts'", /nothing imports the command/)
    catches(importViolations, 'packages/novel/src/index.ts', "import './a.ts'", /has no arrows yet/)
  })
})

describe('tidy: purity of the engine and the simulator', () => {
  const pure = [
    'export function span (self: Key, now: number): number { return Math.max(self.process, now) }',
    "const input = { type: 'self', Date: 1 }",
    'const name = input.process + input.Date',
    'class A { readonly #self = 1; get own () { return this.#self } }',
    '// Date.now() and Math.sin in a comment',
    'const half = Math.floor(Math.clz32(7) / 2)'
  ].join('\n')

  it('knows a clock, a timer, randomness, a promise and a global by name', () => {
    const uses = [
      'Date.now()',
      'new Date()',
      'let at: Date',
      'performance.now()',
      'setTimeout(f, 1)',
      'setInterval(f, 1)',
      'setImmediate(f)',
      'queueMicrotask(f)',
      'crypto.getRandomValues(a)',
      'process.hrtime()',
      'console.log(1)',
      'globalThis.Date',
      "globalThis['Date']",
      'const { now } = Date',
      'const when = { Date }',
      'Promise.resolve()',
      'let p: Promise<void>',
      'new WeakRef(a)'
    ]
    for (const use of uses) {
      catches(purityViolations, engine, use, /brings in/, pure)
    }
  })

  it('knows what waits', () => {
    catches(purityViolations, engine, 'async function f () {}', /async function/, pure)
    catches(purityViolations, engine, 'const f = async () => {}', /async function/, pure)
    catches(purityViolations, engine, 'class A { async f () {} }', /async function/, pure)
    catches(purityViolations, engine, 'await f()', /await/, pure)
    catches(purityViolations, engine, 'for await (const a of b) {}', /await/, pure)
  })

  it('allows only arithmetic that is exact everywhere', () => {
    for (const use of [
      'Math.random()',
      'Math.log2(x)',
      'Math.exp(x)',
      'Math.pow(2, x)',
      'Math.sin(x)',
      "Math['log'](x)",
      'const { log } = Math',
      'f(Math)',
      '2 ** x',
      'x **= 2'
    ]) {
      catches(purityViolations, engine, use, /Math|exponentiation/, pure)
    }
  })

  it('holds the simulator to it, but for the arithmetic of its reports', () => {
    const world = 'packages/simulator/src/world/world.ts'
    const report = 'packages/simulator/src/report/distribution.ts'
    for (const use of ['Date.now()', 'setTimeout(f, 1)', 'let p: Promise<void>', 'await f()', 'async () => {}']) {
      catches(purityViolations, world, use, /brings in|await|async/, pure)
      catches(purityViolations, report, use, /brings in|await|async/, pure)
    }

    catches(
      purityViolations,
      world,
      'const draw = -Math.log(rng.float())',
      /Math.log may differ/,
      'const draw = -log(rng.float())'
    )
    catches(purityViolations, world, 'x ** 2', /exponentiation/, 'x * x')
    catches(purityViolations, report, 'Math.random()', /Math.random/, 'Math.sqrt(x) + Math.exp(-x) + 10 ** x')
    catches(purityViolations, report, "Math['random']()", /Math/)
  })

  it('looks at the sources of the engine and the simulator only', () => {
    assert.deepEqual(purityViolations({ path: 'packages/dht/src/driver.ts', text: 'setTimeout(f, Date.now())' }), [])
    assert.deepEqual(purityViolations({ path: 'packages/kademlia/test/key.test.ts', text: 'await f(Math.log2(3))' }), [])
  })
})

describe('tidy: bounds in the engine', () => {
  const limits = 'export const limits = { k: 20, operations: 1_024 } as const'
  const rule = (source: Source): Violation[] => boundViolations(source, limits)
  const bounded = [
    'class A {',
    '  // bounded by limits.operations: more are refused',
    '  readonly #running = new Map<string, number>()',
    '  readonly #seen = new Set<string>() // bounded by #running',
    '  /**',
    '   * What was heard, bounded by limits.k.',
    '   */',
    '  #heard: string[] = []',
    '  readonly #config: readonly string[]',
    '  readonly #words = new Uint32Array(8)',
    '}'
  ].join('\n')

  it('asks every collection for its bound', () => {
    for (const field of [
      '#a = new Map()',
      '#a = new Set([1])',
      '#a: string[] = []',
      '#a = []',
      'a: Array<string>',
      '#a: Map<string, number>',
      '#a = new Array(3)'
    ]) {
      catches(rule, engine, `class A {\n  ${field}\n}`, /without a comment/, bounded)
    }

    catches(rule, engine, 'const all = new Map()', /a Map without/, bounded)
  })

  it('wants the comment to be right there, and the limit to exist', () => {
    catches(rule, engine, 'class A {\n  // bounded by limits.k\n  #k = 1\n  #a = new Map()\n}', /without a comment/, bounded)
    catches(
      rule,
      engine,
      'class A {\n  #a = new Map() // bounded by limits.none\n}',
      /limits\.none, which limits\.ts does not have/,
      bounded
    )
  })
})

describe('tidy: sizes', () => {
  const lines = (count: number): string => '\n'.repeat(count - 1)

  it('counts the lines of functions of every form', () => {
    const long = lines(limit.functionLines)
    const short = lines(limit.functionLines - 1)
    for (const [before, after] of [
      ['function f () {', '}'],
      ['const f = () => {', '}'],
      ['const f = function () {', '}'],
      ['class A { f () {', '} }'],
      ['class A { #f () {', '} }'],
      ['const a = { f () {', '} }'],
      ["it('does', () => {", '})']
    ]) {
      catches(
        sizeViolations,
        'packages/dht/src/a.ts',
        `${before}${long}\n${after}`,
        /the function has 71 lines/,
        `${before}${short}${after}`
      )
    }
  })

  it('lets describe hold as many tests as it likes', () => {
    assert.deepEqual(sizeViolations({ path: 'packages/dht/test/a.test.ts', text: `describe('a', () => {${lines(200)}})` }), [])
  })

  it('caps the lines of a file', () => {
    catches(
      sizeViolations,
      'tools/a.ts',
      `${lines(limit.fileLines + 1)};\n`,
      /the file has 401 lines/,
      `${lines(limit.fileLines)};\n`
    )
    catches(
      sizeViolations,
      'tools/a.test.ts',
      `${lines(limit.testFileLines + 1)};\n`,
      /the file has 601 lines/,
      `${lines(limit.testFileLines)};\n`
    )
  })

  it('keeps folders shallow', () => {
    const depth = (path: string): string[] => sizeViolations({ path, text: '' }).map(({ message }) => message)
    assert.deepEqual(depth('packages/dht/src/a/b/c/d.ts'), ['3 folders below src; at most 2'])
    assert.deepEqual(depth('packages/dht/src/a/b/c.ts'), [])
  })
})

describe('tidy: honest tests', () => {
  const path = 'packages/dht/test/server.test.ts'
  const good = [
    "it('does', { skip: 'why' }, () => {})",
    "it('does', { skip: process.platform === 'win32' ? 'no such thing there' : false }, () => {})",
    "it('does', t => { t.skip('why') })",
    '// waits: between two looks at the table, until the test gives up',
    'await setTimeout(10)',
    'list.only(1)'
  ].join('\n')

  it('sees a test that leaves others out', () => {
    for (const text of ["it.only('a', f)", "describe.only('a', f)", "test('a', { only: true }, f)"]) {
      catches(testViolations, path, text, /leaves every other test out/, good)
    }
  })

  it('sees a test that is left out for no reason', () => {
    for (const text of [
      "it.skip('a', f)",
      "it.todo('a')",
      "it('a', { skip: true }, f)",
      "it('a', { todo: true }, f)",
      "it('a', t => { t.skip() })"
    ]) {
      catches(testViolations, path, text, /gives no reason/, good)
    }
  })

  it('sees a fixed wait', () => {
    for (const text of [
      'await setTimeout(100)',
      'setTimeout(done, 100)',
      'setInterval(look, 5)',
      'await delay(5)',
      'await sleep(1)',
      'Atomics.wait(a, 0, 0, 5)'
    ]) {
      catches(testViolations, path, text, /waits for a time/, good)
    }
  })

  it('looks at helpers of tests, not at sources', () => {
    catches(testViolations, 'packages/dht/test/helper.ts', 'setTimeout(f, 1)', /waits/)
    assert.deepEqual(testViolations({ path: 'packages/dht/src/clock.ts', text: 'setTimeout(f, 1)' }), [])
  })
})

describe('tidy: text', () => {
  it('sees the paths of a machine, registries, promises and merges', () => {
    const good = 'see https://example.org/home/page and ~/work/notes, src/home/a, ./work/x'
    for (const folder of ['root', 'home', 'work', 'Users']) {
      catches(textViolations, 'docs/a.md', `cd /${folder}/someone`, /a path/, good)
    }

    catches(textViolations, 'docs/a.md', `fetched from ${['registry', 'npmjs', 'org'].join('.')}`, /registry/, good)
    catches(textViolations, 'docs/a.md', `// ${['TO', 'DO'].join('')}: later`, /a promise/, good)
    catches(textViolations, 'docs/a.md', `${'<'.repeat(7)} HEAD`, /merge/, good)
  })

  it('sees a lockfile that names a registry, or lacks the builds of other systems', () => {
    const lock = (...names: string[]): string => {
      const builds = names.map(name => [name, { version: '1.0.0', resolved: 'packages/a' }])
      const tool = { optionalDependencies: { 'tool-linux': '1.0.0', 'tool-darwin': '1.0.0' } }
      return JSON.stringify(
        { packages: { 'node_modules/a/node_modules/tool': tool, ...Object.fromEntries(builds) } },
        undefined,
        2
      )
    }
    const good = lock('node_modules/a/node_modules/tool-linux', 'node_modules/tool-darwin')
    const remote = good.replace('packages/a', 'https://example.org/a.tgz')
    catches(lockfileViolations, 'package-lock.json', remote, /a registry address/, good)
    catches(
      lockfileViolations,
      'package-lock.json',
      lock('node_modules/tool-linux'),
      /names tool-darwin, for which there is no entry/,
      good
    )
  })
})

describe('tidy: packages', () => {
  const path = 'packages/dht/package.json'
  const whole = {
    type: 'module',
    license: 'Apache-2.0 OR MIT',
    engines: { node: '>=24' },
    exports: { '.': { 'vicinity-source': './src/index.ts', types: './dist/index.d.ts', default: './dist/index.js' } },
    dependencies: { '@vicinity/wire': '0.1.0' }
  }
  const files = new Set(['packages/dht/README.md', 'packages/dht/src/index.ts'])
  const rule = (source: Source): Violation[] => packageViolations(source, files)

  it('asks for a licence, a README, and exports that lead to source, types and code', () => {
    const { default: code, ...rest } = whole.exports['.']
    const lacking: [object, RegExp][] = [
      [{ license: undefined }, /license/],
      [{ type: undefined }, /type/],
      [{ engines: {} }, /engines/],
      [{ exports: {} }, /exports\["\."\] is missing/],
      [{ exports: { '.': './dist/index.js' } }, /conditions/],
      [{ exports: { '.': { default: code, ...rest } } }, /in this order/],
      [{ exports: { '.': { ...whole.exports['.'], 'vicinity-source': './src/gone.ts' } } }, /not there/],
      [{ exports: { '.': { ...whole.exports['.'], default: './dist/other.js' } } }, /built into/],
      [{ dependencies: { '@vicinity/peer': '0.1.0' } }, /against the arrows/]
    ]
    for (const [change, words] of lacking) {
      catches(rule, path, JSON.stringify({ ...whole, ...change }), words, JSON.stringify(whole))
    }

    assert.match(
      String(packageViolations({ path, text: JSON.stringify(whole) }, new Set(['packages/dht/src/index.ts']))[0]?.message),
      /README/
    )
  })

  it('sees an import that is not declared', () => {
    const undeclared = (source: Source): Violation[] => undeclaredViolations(source, JSON.stringify(whole))
    const good = "import '#dns'\nimport '@vicinity/wire/bytes'\nimport 'node:fs'\nimport './a.ts'"
    catches(
      undeclared,
      'packages/dht/src/index.ts',
      "import type { PeerId } from '@libp2p/interface'",
      /@libp2p\/interface is not in/,
      good
    )
  })
})
