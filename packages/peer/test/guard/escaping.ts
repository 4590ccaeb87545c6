/**
 * A process of its own in which errors escape: the test runner would take an uncaught error for a failure of the test.
 * Each message of the parent names a way; the answer is what `endEscaped` said, and what became of the connection.
 */
import { onBehalfOf, endEscaped, escapes, onEscape } from '../../src/guard/escapes.ts'

export type Way = 'microtask' | 'timer' | 'listener' | 'rejection' | 'later' | 'foreign'

export interface Outcome {
  readonly way: Way
  /** Whether the process may go on. */
  readonly goesOn: boolean
  readonly connection?: string
  readonly other?: string
  readonly told: readonly string[]
  readonly escapes: number
}

class Connection {
  ended: string | undefined
  readonly remoteAddr: { toString(): string }

  constructor(address: string) {
    this.remoteAddr = { toString: () => address }
  }

  abort(error: Error): void {
    this.ended = error.message
  }
}

const told: string[] = []
onEscape(({ error, address, count }) => told.push(`${error.message} of ${address ?? 'nobody'}, ${count}`))

let way: Way = 'microtask'
let connection = new Connection('')
let other = new Connection('')

process.on('uncaughtException', error => {
  const goesOn = endEscaped(error)
  const ended = {
    ...(connection.ended === undefined ? {} : { connection: connection.ended }),
    ...(other.ended === undefined ? {} : { other: other.ended })
  }
  const outcome: Outcome = { way, goesOn, ...ended, told: [...told], escapes: escapes() }
  process.send?.(outcome)
})

const fail = (): never => {
  throw new Error(`it broke in a ${way}`)
}

const ways: Readonly<Record<Way, () => void>> = {
  microtask: () => queueMicrotask(fail),
  timer: () => void setImmediate(fail),
  listener: () => {
    const target = new EventTarget()
    target.addEventListener('message', fail)
    target.dispatchEvent(new Event('message'))
  },
  rejection: () => void Promise.reject(new Error(`it broke in a ${way}`)),
  later: () => {
    const twice = (): void => void setImmediate(() => queueMicrotask(fail))
    void Promise.resolve().then(twice)
  },
  foreign: () => {}
}

process.on('message', (asked: Way) => {
  way = asked
  connection = new Connection('/ip4/192.0.2.1/tcp/1')
  other = new Connection('/ip4/192.0.2.2/tcp/2')
  onBehalfOf(connection, () => ways[way]())
  onBehalfOf(other, () => queueMicrotask(() => {}))
  if (way === 'foreign') {
    queueMicrotask(fail)
  }
})
