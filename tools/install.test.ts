/** When an install is needed: what is found in node_modules, against what package-lock.json asks for. */
import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { InstallError, whatIsMissing } from './install.js'
import { Project } from './project.fixture.ts'

const system = { platform: 'linux', arch: 'x64', version: '20.0.0' }

/** A project as npm ci leaves it. */
async function installed(t: TestContext): Promise<Project> {
  const project = new Project(t)
  project.write('packages/cli/bin/vicinity.js', '')
  const { code, stderr } = await project.run('start').ended
  assert.equal(code, 0, stderr)
  assert.equal(whatIsMissing(project.root, system), undefined)
  return project
}

describe('what is missing', () => {
  it('is a node_modules that is not there, or whose install did not end', async t => {
    const project = new Project(t)
    assert.equal(whatIsMissing(project.root), 'there is no node_modules')
    project.write('node_modules/a/package.json', '{}')
    assert.equal(whatIsMissing(project.root), 'the last install did not end')
  })

  it('is a package in another version, with other contents, or not there', async t => {
    const project = await installed(t)
    const { lock } = project
    project.writeLock({ packages: { ...lock.packages, 'node_modules/a': { version: '1.0.1', integrity: 'sha512-a' } } })
    assert.equal(whatIsMissing(project.root, system), 'node_modules/a is not as package-lock.json has it')
    project.writeLock({ packages: { ...lock.packages, 'node_modules/a': { version: '1.0.0', integrity: 'sha512-b' } } })
    assert.equal(whatIsMissing(project.root, system), 'node_modules/a is not as package-lock.json has it')
    project.writeLock({ packages: { ...lock.packages, 'node_modules/b': { version: '1.0.0', integrity: 'sha512-b' } } })
    assert.equal(whatIsMissing(project.root, system), 'node_modules/b is not as package-lock.json has it')
    project.writeLock(lock)
    assert.equal(whatIsMissing(project.root, system), undefined)
    project.remove('node_modules/a')
    assert.equal(whatIsMissing(project.root, system), 'node_modules/a is not there')
  })

  it('is a package that a package hides from the one in the lockfile, but not one that was only added', async t => {
    const project = await installed(t)
    const record = JSON.parse(project.read('node_modules/.package-lock.json'))
    const add = (path: string): void => {
      project.write(`${path}/package.json`, '{}')
      project.write(
        'node_modules/.package-lock.json',
        JSON.stringify({ packages: { ...record.packages, [path]: { version: '9.0.0' } } })
      )
    }
    add('node_modules/extra')
    assert.equal(whatIsMissing(project.root, system), undefined)
    add('node_modules/a/node_modules/extra')
    assert.equal(whatIsMissing(project.root, system), 'node_modules/a/node_modules/extra is not in package-lock.json')
  })

  it('is nothing when npm ci itself dropped an entry that no package asks for', async t => {
    const project = await installed(t)
    const { lock } = project
    project.writeLock({ packages: { ...lock.packages, 'node_modules/dropped': { version: '1.0.0', integrity: 'sha512-d' } } })
    assert.equal(whatIsMissing(project.root, system), 'node_modules/dropped is not as package-lock.json has it')
    assert.equal((await project.run('start').ended).code, 0)
    assert.equal(whatIsMissing(project.root, system), undefined)
    project.writeLock({ packages: { ...lock.packages, 'node_modules/dropped': { version: '1.0.1', integrity: 'sha512-d' } } })
    assert.equal(whatIsMissing(project.root, system), 'node_modules/dropped is not as package-lock.json has it')
  })

  it('is everything when it was installed for another system', async t => {
    const project = await installed(t)
    const record = JSON.parse(project.read('node_modules/.package-lock.json'))
    const build = (os: string[], cpu: string[]): string | undefined => {
      project.write('node_modules/build/package.json', '{}')
      const packages = { ...record.packages, 'node_modules/build': { version: '1.0.0', optional: true, os, cpu } }
      project.write('node_modules/.package-lock.json', JSON.stringify({ packages }))
      return whatIsMissing(project.root, system)
    }
    assert.equal(build(['linux'], ['x64']), undefined)
    assert.equal(build(['!win32'], ['x64', 'arm64']), undefined)
    assert.equal(build(['darwin'], ['x64']), 'node_modules/build was installed for another system than linux-x64')
    assert.equal(build(['linux'], ['arm64']), 'node_modules/build was installed for another system than linux-x64')
    assert.equal(build(['!linux'], ['x64']), 'node_modules/build was installed for another system than linux-x64')
  })

  it("is the project's Node, unless the machine's would do", async t => {
    const project = await installed(t)
    project.remove('node_modules/node/bin')
    assert.equal(whatIsMissing(project.root, system), "the project's Node is not there")
    assert.equal(whatIsMissing(project.root, { ...system, version: '24.1.0' }), undefined)
  })

  it('cannot be known without a lockfile', t => {
    const project = new Project(t)
    project.remove('package-lock.json')
    assert.throws(() => whatIsMissing(project.root), InstallError)
  })
})
