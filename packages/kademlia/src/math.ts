/**
 * Logarithm and exponential in arithmetic of a fixed order: only + - × ÷, which the language rounds exactly, so that the
 * result is the same to the last bit in every JavaScript engine. `Math.log` and its like promise only an approximation of
 * the engine's choice. Relative error below 1e-15.
 */

/** ln 2 in two parts, the first with zeros at its end, so that its product with a small whole number is exact. */
const ln2High = 0.6931471803691238
const ln2Low = 1.9082149292705877e-10

/** Above this the exponential is more than the largest number, below the other less than half the smallest. */
const expMax = 709.782712893384
const expMin = -745.1332191019412

// a number and its bits; both accessors are big-endian whatever the machine is
const bits = new DataView(new ArrayBuffer(8))

/** The natural logarithm. */
export function log(x: number): number {
  if (!(x > 0 && x < Infinity)) {
    return special(x)
  }

  const exponent = exponentOf(x)
  return exponent * Math.LN2 + logNearOne(scale(x, -exponent))
}

/** The logarithm to base 2; exact for powers of two. */
export function log2(x: number): number {
  if (!(x > 0 && x < Infinity)) {
    return special(x)
  }

  const exponent = exponentOf(x)
  return exponent + logNearOne(scale(x, -exponent)) * Math.LOG2E
}

/** e to the power of `x`. */
export function exp(x: number): number {
  if (!(x >= expMin && x <= expMax)) {
    return x > 0 ? Infinity : x < 0 ? 0 : NaN
  }

  // e^x = 2^n e^r with |r| ≤ ln 2 / 2, where what follows 14 terms of the series is less than a number can hold
  const n = Math.round(x * Math.LOG2E)
  const r = x - n * ln2High - n * ln2Low
  let sum = 1
  for (let i = 14; i > 0; i--) {
    sum = 1 + (r * sum) / i
  }

  return scale(sum, n)
}

/** The logarithms of what is not a positive finite number. */
function special(x: number): number {
  return x === 0 ? -Infinity : x > 0 ? Infinity : NaN
}

/** The whole number n for which x / 2^n lies from 1/√2 to √2. */
function exponentOf(x: number): number {
  const subnormal = x < 2.2250738585072014e-308
  bits.setFloat64(0, subnormal ? x * 18_014_398_509_481_984 : x) // 2^54
  const high = bits.getUint32(0)
  const exponent = (high >>> 20) - 1_023
  bits.setUint32(0, (high & 0xfffff) | (1_023 << 20))
  return exponent + (bits.getFloat64(0) > Math.SQRT2 ? 1 : 0) - (subnormal ? 54 : 0)
}

/** x · 2^n, in two steps because 2^n alone may be no number; exact unless the result is subnormal. */
function scale(x: number, n: number): number {
  const half = n >> 1
  return x * powerOfTwo(half) * powerOfTwo(n - half)
}

/** 2^n, exactly, for whole n from -1022 to 1023. */
export function powerOfTwo(n: number): number {
  bits.setUint32(0, (n + 1_023) << 20)
  bits.setUint32(4, 0)
  return bits.getFloat64(0)
}

/** ln m = 2 artanh f with f = (m - 1) / (m + 1), by its series; m from 1/√2 to √2, so f² ≤ .03 and 12 terms are enough. */
function logNearOne(m: number): number {
  const f = (m - 1) / (m + 1)
  const square = f * f
  let sum = 0
  for (let i = 23; i > 1; i -= 2) {
    sum = (sum + 1 / i) * square
  }

  return 2 * f + 2 * f * sum
}
