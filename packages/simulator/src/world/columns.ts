/** A column of numbers that grows: a typed array, of which a larger one takes over what it holds. */
export type Column = Float64Array | Int32Array | Uint8Array

/** @returns `to`, with what `from` holds at its beginning. */
export function copied<To extends Column>(from: To, to: To): To {
  to.set(from)
  return to
}
