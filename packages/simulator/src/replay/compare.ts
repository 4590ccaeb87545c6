/**
 * Whether two values of the machine are the same, by what they hold. One of them comes from a trace, whose addresses are
 * not the driver's objects and whose fields that were `undefined` are not there; contacts and keys are what they were.
 */

/** Where two values differ first, as `closer[3].contact.id`; `undefined` where nowhere. The empty path is the values themselves. */
export function firstDifference(recorded: unknown, replayed: unknown, path = ''): string | undefined {
  if (Object.is(recorded, replayed)) {
    return undefined
  }

  if (typeof recorded !== 'object' || typeof replayed !== 'object' || recorded === null || replayed === null) {
    return path
  }

  if (isList(recorded) || isList(replayed)) {
    return isList(recorded) && isList(replayed) ? inLists(recorded, replayed, path) : path
  }

  return inFields(recorded as Fields, replayed as Fields, path)
}

type Fields = Readonly<Record<string, unknown>>
type List = ArrayLike<unknown>

function isList(value: object): value is List {
  return Array.isArray(value) || value instanceof Uint8Array || value instanceof Uint32Array
}

function inLists(recorded: List, replayed: List, path: string): string | undefined {
  const length = Math.max(recorded.length, replayed.length)
  for (let i = 0; i < length; i++) {
    const different = firstDifference(recorded[i], replayed[i], `${path}[${i}]`)
    if (different !== undefined) {
      return different
    }
  }

  return undefined
}

function inFields(recorded: Fields, replayed: Fields, path: string): string | undefined {
  // bounded by the fields of the two
  const names = new Set([...Object.keys(recorded), ...Object.keys(replayed)])
  for (const name of names) {
    const different = firstDifference(recorded[name], replayed[name], path === '' ? name : `${path}.${name}`)
    if (different !== undefined) {
      return different
    }
  }

  return undefined
}
