import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { reasonOf } from '../src/reasons.ts'

const coded = (code: string, message: string): Error => Object.assign(new Error(message), { code })
const named = (name: string, message: string): Error => Object.assign(new Error(message), { name })
const [a, b] = ['12D3KooWGbUAvhH1CGoG5xvuB1CZMRTiNjdBEg5fgRY4vFdRdqQD', '12D3KooWER3TWUmPBcRTSnwdEGZkTAQWo6M9dJi4pbyoobm2xYkZ']

const cases: ReadonlyArray<readonly [string, unknown, string]> = [
  ['a refused connection', coded('ECONNREFUSED', 'connect ECONNREFUSED 127.0.0.1:1'), 'connection refused: nobody listens there'],
  [
    'a bundle of libp2p',
    new AggregateError([new Error('first'), coded('ETIMEDOUT', 'connect ETIMEDOUT')], 'All multiaddr dials failed'),
    'timed out'
  ],
  ['a cause', new Error('outer', { cause: coded('ENOTFOUND', 'getaddrinfo ENOTFOUND x') }), 'no such host name'],
  ['a timeout', AbortSignal.timeout(0).reason ?? new DOMException('late', 'TimeoutError'), 'timed out'],
  ['no transport', named('NoValidAddressesError', 'The dial request has no valid addresses'), 'no transport for this address'],
  [
    'another peer, says noise',
    named('EncryptionFailedError', `Payload identity key ${a} does not match expected remote identity key ${b}`),
    `another peer is there: ${a}`
  ],
  ['another peer, says QUIC', new Error(`Dialed peer ${a} but connected to ${b}`), `another peer is there: ${b}`],
  ['another peer, says TLS', named('UnexpectedPeerError', 'Unexpected Peer'), 'another peer than the one named is there'],
  ['ourselves', named('InvalidPeerIdError', 'Can not dial self'), 'that is this node itself'],
  ['a WebSocket', new Event('error'), 'the WebSocket could not be opened: nobody listens there, or something else does'],
  ['whatever else', new Error('it broke\n    at here'), 'it broke'],
  ['an error without words', new Error(''), 'unknown reason'],
  ['a text', 'just so', 'just so'],
  ['nothing', undefined, 'unknown reason']
]

for (const [what, error, reason] of cases) {
  test(`says of ${what}: ${reason}`, () => {
    assert.equal(reasonOf(error), reason)
  })
}

test('an error that causes itself has a reason too', () => {
  const error = new Error('round and round')
  error.cause = error
  assert.equal(reasonOf(error), 'round and round')
})

test('anything thrown gives one short line', () => {
  fc.assert(
    fc.property(fc.anything(), fc.string({ maxLength: 500 }), (thrown, message) => {
      for (const error of [thrown, new Error(message), new AggregateError([thrown], message)]) {
        const reason = reasonOf(error)
        assert.ok(reason.length > 0 && reason.length <= 201 && !reason.includes('\n'))
      }
    })
  )
})
