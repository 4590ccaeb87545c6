import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Duplicates } from '../src/duplicates.ts'

test('a message is new once', () => {
  const duplicates = new Duplicates()
  assert.equal(duplicates.seen('a', 2n), false)
  assert.equal(duplicates.seen('a', 2n), true)
  // Lower numbers may arrive later, and each signer counts for itself.
  assert.equal(duplicates.seen('a', 1n), false)
  assert.equal(duplicates.seen('b', 2n), false)
})

test('what fits is never told twice, whatever the order', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.bigInt({ min: 0n, max: 31n })), { maxLength: 300 }),
      messages => {
        const duplicates = new Duplicates()
        const told = new Set<string>()
        for (const [signer, number] of messages) {
          assert.equal(duplicates.seen(signer, number), told.has(`${signer}${number}`))
          told.add(`${signer}${number}`)
        }
      }
    )
  )
})

test('a flood of one signer makes nobody else’s messages forgotten, and memory stays bounded', () => {
  const duplicates = new Duplicates()
  duplicates.seen('quiet', 7n)
  for (let number = 0n; number < 10_000n; number++) {
    duplicates.seen('loud', number)
  }
  assert.equal(duplicates.seen('quiet', 7n), true)
  assert.equal(duplicates.size, 1 + 64)

  for (let signer = 0; signer < 3_000; signer++) {
    duplicates.seen(String(signer), 0n)
  }
  assert.equal(duplicates.size, 1_024)
})
