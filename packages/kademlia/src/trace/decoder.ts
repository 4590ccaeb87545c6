import { keyBytes, keyFromBytes, keyHead } from '../key.ts'
import type { Addresses, Contact, PeerInfo, Target } from '../contact.ts'
import { limits } from '../limits.ts'
import { Fields } from './fields.ts'
import { fromHex } from './hex.ts'

type Thing = Target | Contact | PeerInfo | Addresses

/**
 * The way back from `TraceEncoder`: references become the one object that they stand for, so that what was identical
 * for the machine that was recorded is so for the one that replays. Throws SyntaxError, which says what is wrong, for
 * what no encoder wrote.
 */
export class TraceDecoder {
  // bounded by limits.traceReferences: a ring, of which an encoder uses the latest only
  readonly #things: Thing[] = []
  #next = 0

  /** @param json - a value that JSON.parse gave. */
  decode(json: unknown, depth = 0): unknown {
    if (depth > limits.traceDepth) {
      throw new SyntaxError(`values are nested more than ${limits.traceDepth} deep`)
    }

    if (typeof json === 'string') {
      return json.startsWith('*') ? this.#special(json) : json
    }

    if (typeof json !== 'object' || json === null) {
      return json
    }

    if (Array.isArray(json)) {
      return json.map(item => this.decode(item, depth + 1))
    }

    const fields = Object.entries(json).map(([name, field]) => [name, name === '*' ? field : this.decode(field, depth + 1)])
    const record: Record<string, unknown> = Object.fromEntries(fields)
    return Object.hasOwn(record, '*') ? this.#define(record) : record
  }

  #special(text: string): unknown {
    const rest = text.slice(1)
    switch (rest[0]) {
      case '*':
        return rest
      case 'x':
        return fromHex(rest.slice(1)) ?? wrong(text, 'which is not whole bytes in hexadecimal')
      case 'k': {
        const bytes = fromHex(rest.slice(1))
        return bytes?.length === keyBytes ? keyFromBytes(bytes) : wrong(text, `which is not the ${keyBytes} bytes of a key`)
      }
      case 'I':
      case '-':
      case 'N':
        return /^-?Infinity$|^NaN$/.test(rest) ? Number(rest) : wrong(text, 'which is no number')
      default:
        return this.#thing(text, /^(0|[1-9]\d{0,14})$/.test(rest) ? Number(rest) : Number.NaN)
    }
  }

  #thing(text: string, number: number): Thing {
    const isKnown = number < this.#next && number >= this.#next - limits.traceReferences
    const thing = isKnown ? this.#things[number % limits.traceReferences] : undefined
    return thing ?? wrong(text, 'which nothing before has defined')
  }

  #define(record: Record<string, unknown>): Thing {
    const { '*': number, ...rest } = record
    if (number !== this.#next) {
      throw new SyntaxError(
        `it defines *${String(number)} where *${this.#next} is next: something before it is missing or was changed`
      )
    }

    const thing = this.#thingOf(new Fields(rest, `*${number}`))
    this.#things[this.#next % limits.traceReferences] = thing
    this.#next++
    return thing
  }

  #thingOf(fields: Fields): Thing {
    if (fields.has('bytes')) {
      const [bytes, key] = [fields.bytes('bytes'), fields.key('key')]
      return fields.end(fields.has('id') ? { id: fields.text('id'), bytes, key, head: keyHead(key) } : { bytes, key })
    }

    if (fields.has('count')) {
      return fields.end({
        count: fields.whole('count', 0),
        ...(fields.has('text') ? { text: fields.list('text', item => (typeof item === 'string' ? item : undefined)) } : {})
      })
    }

    return fields.end({
      contact: fields.contact('contact'),
      addresses: fields.addresses('addresses'),
      groups: fields.list('groups', item => (typeof item === 'number' ? item : undefined))
    })
  }
}

function wrong(text: string, why: string): never {
  const shown = text.length > 40 ? `${text.slice(0, 40)}…` : text
  throw new SyntaxError(`it says "${shown}", ${why}`)
}
