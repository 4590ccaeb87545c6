import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import type { Stream } from '@libp2p/interface'
import { RequestError } from '../../src/streams/index.ts'
import type { FailureReason, StreamPool } from '../../src/streams/index.ts'
import { ManualClock, framed, openRaw, poolOf, protocol, serve, serveRaw, startNode, text, until } from './support.ts'
import type { Node, Over } from './support.ts'

/** Closes a stream; that it is lost before that is done is one of the things that may happen here. */
function closing(stream: Stream): void {
  stream.close().catch(() => {})
}

/**
 * What a peer does with a request; the request says it. No answer comes twice: nothing in the protocol says what an
 * answer answers, so that the second would be taken for the next request's.
 */
const doings = {
  answer: (stream: Stream, frame: Uint8Array) => {
    stream.send(frame)
  },
  pieces: (stream: Stream, frame: Uint8Array) => {
    stream.send(frame.subarray(0, 2))
    setImmediate(() => {
      quietly(() => stream.send(frame.subarray(2)))
    })
  },
  answerAndClose: (stream: Stream, frame: Uint8Array) => {
    stream.send(frame)
    closing(stream)
  },
  answerAndReset: (stream: Stream, frame: Uint8Array) => {
    stream.send(frame)
    setImmediate(() => {
      stream.abort(new Error('so there'))
    })
  },
  surplus: (stream: Stream, frame: Uint8Array) => {
    stream.send(Uint8Array.from([...frame, 7]))
  },
  half: (stream: Stream, frame: Uint8Array) => {
    stream.send(frame.subarray(0, 2))
    closing(stream)
  },
  garbage: (stream: Stream) => {
    stream.send(new Uint8Array(10).fill(255))
  },
  huge: (stream: Stream) => {
    stream.send(Uint8Array.of(255, 255, 127))
  },
  close: (stream: Stream) => {
    closing(stream)
  },
  reset: (stream: Stream) => {
    stream.abort(new Error('no'))
  },
  nothing: () => {}
} satisfies Record<string, (stream: Stream, frame: Uint8Array) => void>

type Doing = keyof typeof doings

// a stream that a peer ends may take a neighbour's request along, never its answer
const endings: Record<Doing, ReadonlyArray<FailureReason | 'answered'>> = {
  answer: ['answered', 'reset'],
  pieces: ['answered', 'reset'],
  answerAndClose: ['answered', 'reset'],
  answerAndReset: ['answered', 'reset'],
  surplus: ['answered', 'reset'],
  half: ['reset'],
  garbage: ['malformed'],
  huge: ['malformed'],
  close: ['reset'],
  reset: ['reset'],
  nothing: ['local', 'reset']
}

for (const over of ['memory', 'tcp', 'quic'] satisfies Over[]) {
  test(`whatever a peer does, each request ends once and nothing is left (${over})`, async t => {
    const [server, client] = await Promise.all([startNode(t, over), startNode(t, over)])
    await serveDoings(server)
    const names = Object.keys(doings) as Doing[]
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ doing: fc.constantFrom(...names), together: fc.boolean() }), { minLength: 1, maxLength: 20 }),
        async steps => {
          const clock = new ManualClock()
          const pool = poolOf(t, client, { streamsPerPeer: 4 }, clock)
          try {
            let pending: Array<Promise<void>> = []
            for (const [index, { doing, together }] of steps.entries()) {
              pending.push(askTo(pool, server, doing, index))
              if (!together) {
                await Promise.all(pending)
                pending = []
              }
            }

            await Promise.all(pending)
            clock.advance(30_000)
            await until(() => pool.sizes.peers === 0)
            assert.deepEqual(pool.sizes, { peers: 0, streams: 0, idle: 0, openings: 0, waiting: 0 })
            assert.equal(clock.timers, 0)
          } finally {
            pool.stop()
          }
        }
      ),
      { numRuns: 40 }
    )
  })
}

test('whatever an asker does, its streams end and nothing is left', async t => {
  const [server, client] = await Promise.all([startNode(t), startNode(t)])
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.array(
          fc.oneof(
            fc.constantFrom('ask' as const, 'provide' as const, 'half' as const, 'close' as const, 'reset' as const),
            fc.uint8Array({ maxLength: 50 })
          ),
          { maxLength: 8 }
        ),
        { minLength: 1, maxLength: 6 }
      ),
      async scripts => {
        const clock = new ManualClock()
        await server.libp2p.unhandle(protocol)
        const served = await serve(t, server, { clock })
        const raws = await Promise.all(
          scripts.map(async script => {
            const raw = await openRaw(client, server)
            for (const step of script) {
              quietly(() => {
                if (step === 'close') {
                  closing(raw.stream)
                } else if (step === 'reset') {
                  raw.stream.abort(new Error('so there'))
                } else {
                  raw.stream.send(
                    step === 'ask' ? framed('x') : step === 'provide' ? framed('+') : step === 'half' ? Uint8Array.of(9, 1) : step
                  )
                }
              })
            }

            return raw
          })
        )
        // those that are left open end by their age, and those that do not close after us by force
        for (let minutes = 0; minutes < 6; minutes++) {
          clock.advance(60_000)
          await new Promise(resolve => {
            setImmediate(resolve)
          })
        }

        await until(() => {
          clock.advance(20_000)
          return served.counters.opened === scripts.length && served.counters.streams === 0
        })
        assert.equal(served.budgets, 0)
        assert.equal(clock.timers, 0)
        for (const raw of raws) {
          raw.stream.abort(new Error('done'))
        }
      }
    ),
    { numRuns: 60 }
  )
})

async function serveDoings(node: Node): Promise<void> {
  await serveRaw(node, stream => {
    stream.addEventListener('message', event => {
      const frame = event.data.subarray()
      const [doing = 'nothing'] = text(frame.subarray(1)).split(' ')
      quietly(() => {
        doings[doing as Doing](stream, frame)
      })
    })
  })
}

/** A stream that has ended meanwhile takes nothing any more. */
function quietly(act: () => void): void {
  try {
    act()
  } catch {
    // that is what was to be seen
  }
}

/** Asks for something to be done, and sees that the request ends as it may. */
async function askTo(pool: StreamPool, server: Node, doing: Doing, index: number): Promise<void> {
  const message = `${doing} ${index}`
  const signal = doing === 'nothing' ? { signal: AbortSignal.timeout(20) } : {}
  let ending: FailureReason | 'answered' = 'answered'
  try {
    const body = await pool.request(server.peer, server.addresses, framed(message), { maxReplyBytes: 100, ...signal })
    assert.equal(text(body), message)
  } catch (error) {
    if (!(error instanceof RequestError)) {
      throw error
    }

    ending = error.reason
  }

  assert.ok(endings[doing].includes(ending), `${message} ended as ${ending}`)
}
