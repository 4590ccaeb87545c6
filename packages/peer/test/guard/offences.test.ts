/** Offences: some are forgiven, and a peer that goes on is cut off. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { guardLimits } from '../../src/guard/limits.ts'
import { Offences } from '../../src/guard/offences.ts'

test('a peer is cut off at the offence after those that are forgiven, and nobody else is', () => {
  const cut: string[] = []
  const offences = new Offences(peer => cut.push(peer), { perSecond: 1e-9, burst: 3 })
  offences.commit('other')
  for (let committed = 1; committed <= 3; committed++) {
    offences.commit('peer')
    assert.deepEqual(cut, [])
  }
  offences.commit('peer')
  offences.commit('other')
  assert.deepEqual(cut, ['peer'])
})

test('offences are forgiven with time', t => {
  let now = 0
  t.mock.method(performance, 'now', () => now)
  const cut: string[] = []
  const offences = new Offences(peer => cut.push(peer))
  for (let committed = 0; committed < 100; committed++) {
    now += 1_000 / guardLimits.offences.perSecond
    offences.commit('peer')
  }
  assert.deepEqual(cut, [])
})

test('peers without end are not remembered, and a new peer has its forgiveness whole', () => {
  const cut: string[] = []
  const offences = new Offences(peer => cut.push(peer), { perSecond: 1e-9, burst: 1 })
  offences.commit('first')
  for (let number = 0; number < guardLimits.peersWatched; number++) {
    offences.commit(`peer ${number}`)
  }
  offences.commit('first')
  assert.deepEqual(cut, [])
  offences.commit('first')
  assert.deepEqual(cut, ['first'])
})
