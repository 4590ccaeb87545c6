import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { test } from 'node:test'
import { runVicinity } from './fixtures/vicinity.ts'

test('help leads with examples and exits with 0, also when no command is named', async t => {
  for (const args of [[], ['--help'], ['node', '--help'], ['id'], ['id', 'create', '--help'], ['id', 'show', '-h']]) {
    const { code, stdout, stderr } = await runVicinity(t, args)
    assert.equal(stdout[0], 'Examples:', args.join(' '))
    assert.match(stdout[1] ?? '', /^ {2}vicinity /)
    assert.ok(stdout.some(line => line.startsWith('Usage: vicinity')))
    assert.deepEqual(stderr, [])
    assert.equal(code, 0)
  }
})

test('the version is the one in package.json', async t => {
  const { default: manifest } = await import('../package.json', { with: { type: 'json' } })
  for (const flag of ['--version', '-V']) {
    const { code, stdout } = await runVicinity(t, [flag])
    assert.deepEqual(stdout, [manifest.version])
    assert.equal(code, 0)
  }
})

test('a typo gets a suggestion and exit code 1', async t => {
  const command = await runVicinity(t, ['nod'])
  assert.match(command.stderr.join('\n'), /unknown command 'nod' \(Did you mean node\?\)/)
  assert.equal(command.stderr.at(-1), 'See: vicinity --help')
  assert.deepEqual(command.stdout, [])
  assert.equal(command.code, 1)

  const below = await runVicinity(t, ['id', 'show', '--key-fil', 'x'])
  assert.equal(below.stderr.at(-1), 'See: vicinity id show --help')

  // The node's errors stand on standard output, where its contract has a line for them.
  const option = await runVicinity(t, ['node', '--lisen', '/ip4/127.0.0.1/tcp/0'])
  assert.deepEqual(option.stdout, ["error,unknown option '--lisen' (Did you mean --listen?)"])
  assert.deepEqual(option.stderr, ['See: vicinity node --help'])
  assert.equal(option.code, 1)

  const json = await runVicinity(t, ['node', '--json', '--lisen', 'x'])
  assert.deepEqual(
    json.stdout.map(line => JSON.parse(line) as unknown),
    [{ type: 'error', code: 'ERR_USAGE', reason: "unknown option '--lisen' (Did you mean --listen?)" }]
  )
  assert.equal(json.code, 1)
})

test('a value that is not allowed names those that are, from a flag and from the environment', async t => {
  const flag = await runVicinity(t, ['node', '--payload', 'xml'])
  assert.deepEqual(flag.stdout, ['error,--payload is "xml": it has to be one of flat, text, oneof, json, pipe'])
  assert.equal(flag.code, 1)

  const variable = await runVicinity(t, ['node'], { env: { VICINITY_NETWORK: 'lan' } })
  assert.deepEqual(variable.stdout, ['error,VICINITY_NETWORK is "lan": it has to be one of auto, local, public'])
  assert.equal(variable.code, 1)

  const word = await runVicinity(t, ['node'], { env: { VICINITY_JSON: 'maybe' } })
  assert.match(word.stdout[0] ?? '', /^error,VICINITY_JSON is "maybe": it has to be 1, true or yes/)
  assert.equal(word.code, 1)
})

test('a text that cannot be what it is for is refused', async t => {
  for (const protocol of ['ipfs/kad/1.0.0', '/', '/my network']) {
    const { code, stdout } = await runVicinity(t, ['node', '--protocol', protocol])
    assert.deepEqual(stdout, [`error,--protocol is "${protocol}": it has to begin with / and to hold no blanks`])
    assert.equal(code, 1)
  }
  const empty = await runVicinity(t, ['id', 'show', '--key-file', ' '])
  assert.match(empty.stderr[0] ?? '', /^vicinity: --key-file is empty/)
})

test('a flag overrides its variable, and a blank variable is one that is not set', async t => {
  const overridden = await runVicinity(t, ['node', '--network', 'lan'], { env: { VICINITY_NETWORK: 'wan' } })
  assert.match(overridden.stdout[0] ?? '', /^error,--network is "lan"/)

  // Had the blank variable counted, it and not the next option would be the error.
  const blank = await runVicinity(t, ['node', '--payload', 'xml'], { env: { VICINITY_NETWORK: '  ' } })
  assert.match(blank.stdout[0] ?? '', /^error,--payload is "xml"/)
})

test('colour is used only where it is wanted', async t => {
  const forced = await runVicinity(t, ['nod'], { env: { FORCE_COLOR: '1' } })
  assert.match(forced.stderr.join('\n'), /\u001b\[/)
  const refused = await runVicinity(t, ['nod'], { env: { NO_COLOR: '1' } })
  assert.doesNotMatch(refused.stderr.join('\n'), /\u001b\[/)
})

/** Says on standard error which modules are loaded. */
const watch = ['--import', new URL('./fixtures/watch-loading.js', import.meta.url).href]
const built = existsSync(new URL('../dist/main.js', import.meta.url))

function loaded(lines: readonly string[]): { specifiers: Set<string>; own: string[] } {
  const parsed = lines.map(line => /^loading (\S+) from (\S+)$/.exec(line)).filter(match => match !== null)
  return {
    specifiers: new Set(parsed.map(([, specifier = '']) => specifier)),
    own: parsed.map(([, , url = '']) => url).filter(url => /\/packages\/\w+\/(src|dist)\//.test(url))
  }
}

test('help, version and id load nothing of libp2p itself', async t => {
  for (const args of [['--help'], ['--version'], ['node', '--help'], ['id', 'show', '--key-file', 'no-such.key']]) {
    const { specifiers } = loaded((await runVicinity(t, args, { nodeArgs: watch })).stderr)
    assert.ok(specifiers.has('commander'), 'the watching itself works')
    for (const heavy of ['libp2p', '@libp2p/gossipsub', '@vicinity/peer', '@vicinity/dht']) {
      assert.ok(!specifiers.has(heavy), `${args.join(' ')} loads ${heavy}`)
    }
  }
})

test('in the repository everything is loaded from source', async t => {
  const { own, specifiers } = loaded((await runVicinity(t, ['node', '--listen', 'nonsense'], { nodeArgs: watch })).stderr)
  assert.ok(specifiers.has('@vicinity/dht'))
  assert.deepEqual(
    own.filter(url => !url.includes('/src/')),
    []
  )
})

test('VICINITY_DIST=1 loads everything from what was built', {
  skip: built ? false : 'nothing is built here: npm run build'
}, async t => {
  const env = { VICINITY_DIST: '1' }
  const { own, specifiers } = loaded((await runVicinity(t, ['node', '--listen', 'nonsense'], { nodeArgs: watch, env })).stderr)
  assert.ok(specifiers.has('@vicinity/dht'))
  assert.deepEqual(
    own.filter(url => !url.includes('/dist/')),
    []
  )
})
