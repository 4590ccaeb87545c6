/** What a user can get wrong, and what other peers can: each with the real command, its output and its exit code. */
import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { accessSync, constants } from 'node:fs'
import { chmod, mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { startNode } from './fixtures/node.ts'
import { startStock } from './fixtures/stock.ts'
import { entry, runVicinity, vicinity } from './fixtures/vicinity.ts'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'
import type { VicinityOptions } from './fixtures/vicinity.ts'

/** Somebody's id, but nobody's here. */
const otherId = '12D3KooWEyoppNCUx8Yx66oV9fJnriXwCcXwDDUA2kj6vnc6iDEp'

/** The one line that `vicinity node` ends with when it cannot start. */
async function fatal(t: TestContext, args: readonly string[], options: VicinityOptions = {}): Promise<string> {
  const { code, stdout, stderr } = await runVicinity(t, ['node', ...args], options)
  assert.equal(code, 1, stdout.join('\n'))
  assert.equal(stdout.length, 1, stdout.join('\n'))
  assert.deepEqual(
    stderr.filter(line => line.startsWith('Ready')),
    []
  )
  assert.match(stdout[0] ?? '', /^error,/)
  return stdout[0] ?? ''
}

async function folder(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'vicinity-bad-'))
  t.after(async () => {
    await rm(path, { recursive: true })
  })
  return path
}

async function takenTcpPort(t: TestContext): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  t.after(() => {
    server.close()
  })
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

async function takenUdpPort(t: TestContext): Promise<number> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1')
  t.after(() => {
    socket.close()
  })
  await once(socket, 'listening')
  return socket.address().port
}

/** A port that nobody listens on, as far as one can know. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

test('an unparsable address names the item and where it came from, before anything starts', async t => {
  const good = '/ip4/127.0.0.1/tcp/4001'
  for (const variable of ['LISTEN_ADDRS', 'BOOTSTRAP_PEERS', 'REMOTE_PEERS', 'REMOTE_PEER']) {
    const line = await fatal(t, [], { env: { [variable]: `${good}, /ip4/300.0.0.1/tcp/1` } })
    assert.ok(line.includes(variable) && line.includes('/ip4/300.0.0.1/tcp/1'), line)
  }
  for (const flag of ['--listen', '--bootstrap', '--dial']) {
    const line = await fatal(t, [flag, good, flag, 'localhost:4001'])
    assert.ok(line.includes(flag) && line.includes('localhost:4001'), line)
  }
})

test('a transport that we do not have names the address', async t => {
  for (const address of ['/ip4/127.0.0.1/udp/4001/utp', '/unix/tmp/socket']) {
    const line = await fatal(t, ['--listen', address])
    assert.ok(line.includes(address) && line.includes('--listen'), line)
  }
})

test('a port in use names the address and what to do', async t => {
  const tcp = await takenTcpPort(t)
  const udp = await takenUdpPort(t)
  for (const address of [`/ip4/127.0.0.1/tcp/${tcp}`, `/ip4/127.0.0.1/tcp/${tcp}/ws`, `/ip4/127.0.0.1/udp/${udp}/quic-v1`]) {
    const flag = await fatal(t, ['--listen', address])
    assert.ok(flag.includes(address), flag)
    assert.match(flag, /in use/)
    const variable = await fatal(t, [], { env: { LISTEN_ADDRS: address } })
    assert.ok(variable.includes(address), variable)
  }
})

test('a second address whose port is in use ends the start too, and the first is not left open', async t => {
  const taken = `/ip4/127.0.0.1/tcp/${await takenTcpPort(t)}`
  const line = await fatal(t, ['--listen', '/ip4/127.0.0.1/tcp/0', '--listen', taken])
  assert.ok(line.includes(taken), line)
})

test('REMOTE_PEERS: ours and free is listened on, taken is dialled', async t => {
  const port = await freePort()
  const node = await startNode(t, [], { env: { REMOTE_PEERS: `/ip4/127.0.0.1/tcp/${port}` } })
  assert.equal(node.address, `/ip4/127.0.0.1/tcp/${port}/p2p/${node.id}`)

  const stock = await startStock(t, '/ip4/127.0.0.1/tcp/0')
  const dialler = await startNode(t, [], { env: { REMOTE_PEERS: stock.address.replace(/\/p2p\/.*/, '') } })
  assert.match(await dialler.process.line(/^connected,/), new RegExp(`^connected,${stock.id},`))
})

test('a port that needs a permission names the address and what to do', async t => {
  const port = 81
  const user = await unprivileged(port)
  if (typeof user === 'string') {
    t.skip(`not to be tried here: ${user}`)
    return
  }
  const address = `/ip4/127.0.0.1/tcp/${port}`
  const line = await fatal(t, ['--listen', address], user)
  assert.ok(line.includes(address), line)
  assert.match(line, /permission/i)
})

/** How to run as somebody who may not listen on `port`, or why that cannot be done here. */
async function unprivileged(port: number): Promise<VicinityOptions | string> {
  if (process.platform !== 'linux') {
    return 'which ports need a permission is known here for Linux only'
  }
  const first = Number(await readFile('/proc/sys/net/ipv4/ip_unprivileged_port_start', 'utf8'))
  if (first <= port) {
    return `on this machine every port from ${first} on is free for all`
  }
  if (process.getuid?.() !== 0) {
    return {}
  }
  // As root everything is allowed, so the command runs as nobody, who must be able to read it.
  const nobody = 65_534
  for (let path = entry; path !== '/'; path = join(path, '..')) {
    const { mode } = await stat(path)
    if ((mode & 0o005) === 0) {
      return `root may listen on any port, and no other user can read ${path}`
    }
  }
  accessSync(process.execPath, constants.X_OK)
  return { uid: nobody, env: { NODE_COMPILE_CACHE: join(tmpdir(), `vicinity-compile-cache-${nobody}`) } }
}

test('a bootstrap peer that is not there, or is another, has its line; the others go on', async t => {
  const stock = await startStock(t, '/ip4/127.0.0.1/tcp/0')
  const nobody = `/ip4/127.0.0.1/tcp/${await freePort()}`
  const wrong = stock.address.replace(stock.id, otherId)
  const node = await startNode(t, ['--bootstrap', nobody, '--bootstrap', wrong, '--bootstrap', stock.address])
  await node.process.line('bootstrap')
  for (const address of [nobody, wrong]) {
    const line = await node.process.line(text => text.startsWith(`Failed to connect to bootstrap node ${address}: `))
    assert.ok(line.length > `Failed to connect to bootstrap node ${address}: `.length, 'a reason')
  }
  await node.process.line(new RegExp(`^connected,${stock.id},`))
})

test('a bootstrap peer that comes later is found while the node runs', async t => {
  const later = `/ip4/127.0.0.1/tcp/${await freePort()}`
  const node = await startNode(t, ['--bootstrap', later])
  await node.process.line(text => text.startsWith(`Failed to connect to bootstrap node ${later}: `))
  await node.process.errorLine(/^Ready/)
  const stock = await startStock(t, later)
  await node.process.line(new RegExp(`^connected,${stock.id},`))
  await node.process.line('bootstrap')
})

test('a key file that is missing, empty, corrupt or of another kind is refused and left untouched', async t => {
  const cwd = await folder(t)
  await runVicinity(t, ['id', 'create', '--key-file', 'good.key'], { cwd })
  const good = await readFile(join(cwd, 'good.key'))
  const contents: Record<string, Uint8Array> = {
    'empty.key': new Uint8Array(),
    'cut.key': good.subarray(0, 40),
    // One bit of the public half: it no longer belongs to the private one.
    'flipped.key': good.with(67, (good[67] ?? 0) ^ 1),
    'text.key': Buffer.from('not a key at all\n')
  }
  for (const [file, content] of Object.entries(contents)) {
    await writeFile(join(cwd, file), content)
    const before = await stat(join(cwd, file))
    const line = await fatal(t, ['--key-file', file], { cwd })
    assert.ok(line.includes(file), line)
    assert.deepEqual(await readFile(join(cwd, file)), Buffer.from(content))
    assert.equal((await stat(join(cwd, file))).mtimeMs, before.mtimeMs)
  }

  const missing = await fatal(t, ['--key-file', 'missing.key'], { cwd })
  assert.match(missing, /missing\.key.*vicinity id create/)
  const kind = await fatal(t, ['--key-file', 'good.key', '--key-type', 'secp256k1'], { cwd })
  assert.match(kind, /good\.key.*ed25519/i)
  assert.deepEqual(await readFile(join(cwd, 'good.key')), good)
})

test('a key file that cannot be read is refused', async t => {
  const cwd = await folder(t)
  await mkdir(join(cwd, 'folder.key'))
  assert.match(await fatal(t, ['--key-file', 'folder.key'], { cwd }), /folder\.key/)

  if (process.getuid?.() === 0) {
    t.diagnostic('root reads every file: the one without permissions was not tried')
    return
  }
  await runVicinity(t, ['id', 'create', '--key-file', 'locked.key'], { cwd })
  await chmod(join(cwd, 'locked.key'), 0)
  assert.match(await fatal(t, ['--key-file', 'locked.key'], { cwd }), /locked\.key.*permission/)
})

test('the key in a file is the identity, start after start', async t => {
  const cwd = await folder(t)
  const {
    stdout: [id]
  } = await runVicinity(t, ['id', 'create', '--key-file', 'me.key'], { cwd })
  for (let start = 0; start < 2; start++) {
    const node = vicinity(t, ['node', '--key-file', 'me.key'], { cwd })
    assert.equal(await node.errorLine(/^Peer /), `Peer ${id}`)
    node.signal('SIGTERM')
    await node.ended()
  }
})
