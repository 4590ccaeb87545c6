/** Methods in front of an object's own. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { wrap } from '../../src/guard/wrap.ts'

class Door {
  readonly #name = 'door'

  open(by: string): string {
    return `${by} opens the ${this.#name}`
  }
}

test('the method in front can call the one behind, of the same object', () => {
  const door = new Door()
  wrap(door, 'open', open => by => `${open(`${by} and Bo` as never)}!`)
  assert.equal(door.open('Al'), 'Al and Bo opens the door!')
  assert.equal(new Door().open('Al'), 'Al opens the door')
})

test('a method that a new version of a library lost is an error that names it', () => {
  const door = new Door() as Door & { close(): void }
  assert.throws(() => wrap(door, 'close', close => close), /Door has no method close/)
})
