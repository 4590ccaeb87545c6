/** `node tools/run.js` as a whole, in a project of its own with an npm that needs no network. */
import assert from 'node:assert/strict'
import { chmodSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { Project } from './project.fixture.ts'

const noSignals = process.platform === 'win32' ? 'there are no signals to send on Windows' : false

/** A command in place of the real one. */
const startScript = 'packages/cli/bin/vicinity.js'

describe('run: installing', () => {
  it('installs what is missing, says so on standard error, and then runs', async t => {
    const project = new Project(t)
    project.write(startScript, 'console.log(JSON.stringify([process.argv.slice(2), process.execPath]))')
    const { stdout, stderr, code } = await project.run('start', '--listen', '/ip4/127.0.0.1/tcp/0').ended
    assert.equal(code, 0, stderr)
    assert.match(stderr, /installing what the project needs first \(there is no node_modules\)/)
    const [args] = JSON.parse(stdout)
    assert.deepEqual(args, ['node', '--listen', '/ip4/127.0.0.1/tcp/0'])
    assert.equal(project.read('npm-calls.txt').split(' ')[0], 'ci')
  })

  it('is silent and quick the second time', async t => {
    const project = new Project(t)
    project.write(startScript, '')
    await project.run('start').ended
    const { stdout, stderr, code } = await project.run('start').ended
    assert.deepEqual({ stdout, stderr, code }, { stdout: '', stderr: '', code: 0 })
    assert.equal(project.installs, 1)
  })

  it('says what to do when the install fails, and tries again the next time', async t => {
    const project = new Project(t)
    project.write(startScript, '')
    project.setNpm('fail')
    const { stdout, stderr, code } = await project.run('start').ended
    assert.equal(code, 1)
    assert.equal(stdout, '')
    assert.match(stderr, /npm error code ENOTFOUND\n.*npm ci failed with exit code 1.*the same command tries again/s)
    project.setNpm('install')
    assert.equal((await project.run('start').ended).code, 0)
  })

  it('repairs an install that was killed', { skip: noSignals }, async t => {
    const project = new Project(t)
    project.write(startScript, '')
    project.setNpm('killed')
    const killed = await project.run('start').ended
    assert.equal(killed.code, 1)
    assert.match(killed.stderr, /the install was ended by SIGKILL; the same command starts it again/)
    assert.equal(project.has('node_modules'), true)
    project.setNpm('install')
    const { stderr, code } = await project.run('start').ended
    assert.equal(code, 0)
    assert.match(stderr, /the last install did not end/)
  })

  it('installs once when two are started at the same time; the second waits', async t => {
    const project = new Project(t)
    project.write(startScript, 'console.log("ran")')
    project.setNpm('slow')
    const first = project.run('start')
    await first.printed('installing', 'stderr')
    const second = project.run('start')
    await second.printed('another install is running', 'stderr')
    project.write('npm-go.txt', '')
    for (const { stdout, stderr, code } of await Promise.all([first.ended, second.ended])) {
      assert.equal(code, 0, stderr)
      assert.equal(stdout, 'ran\n')
    }

    assert.equal(project.installs, 1)
  })

  it('waits for an npm whose starter was killed, then needs no install of its own', { skip: noSignals }, async t => {
    const project = new Project(t)
    project.write(startScript, '')
    project.setNpm('slow')
    const first = project.run('start')
    await first.printed('installing', 'stderr')
    await started(project)
    first.child.kill('SIGKILL')
    const second = project.run('start')
    await second.printed('another install is running', 'stderr')
    project.write('npm-go.txt', '')
    assert.equal((await second.ended).code, 0)
    assert.equal(project.installs, 1)
  })

  it('stops when it is told to, says so, and starts again the next time', { skip: noSignals }, async t => {
    const project = new Project(t)
    project.write(startScript, '')
    project.setNpm('slow')
    const run = project.run('start')
    await run.printed('installing', 'stderr')
    await started(project)
    run.child.kill('SIGTERM')
    const { stderr, signal } = await run.ended
    assert.equal(signal, 'SIGTERM')
    assert.match(stderr, /stopping the install[^]*the install was stopped; the same command starts it again/)
    project.setNpm('install')
    assert.equal((await project.run('start').ended).code, 0)
  })

  it('takes over the lock of one that is gone', async t => {
    const project = new Project(t)
    project.write(startScript, '')
    project.setNpm('fail')
    const gone = project.run('start')
    await gone.ended
    project.write('.cache/install.lock', JSON.stringify({ host: hostname(), pids: [gone.child.pid] }))
    project.setNpm('install')
    assert.equal((await project.run('start').ended).code, 0)
    assert.equal(project.has('.cache/install.lock'), false)
  })
})

/** The fixture's npm has begun its slow work. */
async function started(project: Project): Promise<void> {
  while (!project.has('npm-runs.txt')) {
    await new Promise(resolve => setImmediate(resolve))
  }
}

describe('run: handing over', () => {
  it("falls back to the machine's Node where the project's cannot run", { skip: noSignals }, async t => {
    const project = new Project(t)
    project.write(startScript, "console.log('ran')")
    await project.run('start').ended
    project.remove('node_modules/node/bin/node')
    project.write('node_modules/node/bin/node', '#!/nowhere/loader\n')
    chmodSync(join(project.root, 'node_modules/node/bin/node'), 0o755)
    const { stdout, stderr } = await project.run('start').ended
    assert.equal(stdout, 'ran\n', stderr)
  })

  it('ends with the exit code of what it ran', async t => {
    const project = new Project(t)
    project.write(startScript, 'process.exitCode = 7')
    assert.equal((await project.run('start').ended).code, 7)
  })

  it('passes on signals that only it was sent, and ends as its child ends', { skip: noSignals }, async t => {
    const project = new Project(t)
    const graceful = "for (const s of ['SIGTERM', 'SIGINT']) process.once(s, () => { console.log('got', s); process.exit(3) })"
    project.write(startScript, `${graceful}; setInterval(() => {}, 1e6); console.log('ready')`)
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      const run = project.run('start')
      await run.printed('ready')
      run.child.kill(signal)
      const { stdout, code } = await run.ended
      assert.equal(stdout, `ready\ngot ${signal}\n`)
      assert.equal(code, 3)
    }

    project.write(startScript, "setInterval(() => {}, 1e6); console.log('ready')")
    const run = project.run('start')
    await run.printed('ready')
    run.child.kill('SIGTERM')
    assert.equal((await run.ended).signal, 'SIGTERM')
  })

  it('ends when the shell in which npm started it is ended', { skip: noSignals }, async t => {
    const project = new Project(t)
    project.write(
      startScript,
      "process.once('SIGTERM', () => { console.log('got SIGTERM'); process.exit() }); setInterval(() => {}, 1e6); console.log('ready')"
    )
    const run = project.runIn('/bin/sh', ['-c', `"${process.execPath}" tools/run.js start; true`], {
      npm_lifecycle_event: 'start'
    })
    await run.printed('ready')
    run.child.kill('SIGTERM')
    const { stdout } = await run.ended
    assert.equal(stdout, 'ready\ngot SIGTERM\n')
  })

  it('runs the tests whose path contains a word, and closes with the runner’s own lines', async t => {
    const project = new Project(t)
    project.write('packages/wire/test/good.test.ts', "import { test } from 'node:test'\ntest('good' as string, () => {})\n")
    project.write(
      'packages/dht/test/bad.test.ts',
      "import { test } from 'node:test'\ntest('bad', () => { throw new Error('no') })\n"
    )
    const good = await project.run('test', 'wire').ended
    assert.equal(good.code, 0)
    assert.match(good.stdout, /✔ good[^]*ℹ tests 1\n[^]*ℹ pass 1\nℹ fail 0\n/)
    const both = await project.run('test').ended
    assert.equal(both.code, 1)
    assert.match(both.stdout, /ℹ tests 2\n[^]*ℹ pass 1\nℹ fail 1\n/)
  })

  it('refuses what it does not know, and shows what it does', async t => {
    const project = new Project(t)
    const unknown = await project.run('tset').ended
    assert.equal(unknown.code, 2)
    assert.match(unknown.stderr, /there is no command "tset"[^]*Usage: .*\n[^]*  test /)
    const none = await project.run('test', 'nowhere').ended
    assert.equal(none.code, 2)
    assert.match(none.stderr, /no test file's path contains "nowhere"/)
  })
})
