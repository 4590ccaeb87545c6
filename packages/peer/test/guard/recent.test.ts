/** Values for so many names. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Recent } from '../../src/guard/recent.ts'

test('the names that were asked for last keep their values, and the others get new ones', () => {
  const names = fc.array(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g'), { maxLength: 100, size: 'max' })
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5 }), names, (max, asked) => {
      let made = 0
      const recent = new Recent(max, () => made++)
      const model = new Map<string, number>()
      for (const name of asked) {
        const known = model.get(name)
        const value = recent.of(name)
        assert.equal(value, known ?? made - 1)
        model.delete(name)
        model.set(name, value)
        if (model.size > max) {
          model.delete([...model.keys()][0] ?? '')
        }
        assert.equal(recent.size, model.size)
      }
    })
  )
})
