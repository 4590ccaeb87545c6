/**
 * The time inside a record: text on the wire, milliseconds since the Unix epoch for us. It is the receiver's own note
 * of when it stored the record, so what others wrote into it is a hint at best and garbage at worst.
 *
 * Source: RFC 3339. go writes up to nine digits of fraction, js always nine, py at times seconds as a decimal number.
 */
import { assert } from '@vicinity/kademlia'

const rfc3339 = /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d{1,30}))?(?:[Zz]|([+-])(\d\d):(\d\d))$/
const decimalSeconds = /^(\d{1,12})(?:\.(\d{1,30}))?$/

/** The last millisecond that RFC 3339 can say: its years have four digits. */
const endOfTime = Date.UTC(9999, 11, 31, 23, 59, 59, 999)

/** Milliseconds since the Unix epoch, below a millisecond cut off; undefined for whatever is no time between 1970 and 9999. */
export function parseTimeReceived(text: string | undefined): number | undefined {
  if (text === undefined) {
    return undefined
  }

  const millis = parseDecimalSeconds(text) ?? parseRfc3339(text)
  return millis !== undefined && millis >= 0 && millis <= endOfTime ? millis : undefined
}

/**
 * The RFC 3339 text, in UTC, of a time between the years 1970 and 9999. With nine digits of fraction, because
 * `@libp2p/record` reads nothing else right: from three it makes an invalid date, and no fraction at all it refuses.
 */
export function formatTimeReceived(millis: number): string {
  assert(millis >= 0 && millis <= endOfTime, `a record's time lies between 1970 and 9999, not at ${millis} ms`)
  return new Date(millis).toISOString().replace('Z', '000000Z')
}

function parseDecimalSeconds(text: string): number | undefined {
  const match = decimalSeconds.exec(text)
  return match === null ? undefined : Number(match[1]) * 1_000 + fractionMillis(match[2])
}

function parseRfc3339(text: string): number | undefined {
  const match = rfc3339.exec(text)
  if (match === null) {
    return undefined
  }

  const [, year, month, day, hour, minute, second, fraction, sign, offsetHour, offsetMinute] = match
  if (
    Number(hour) > 23 ||
    Number(minute) > 59 ||
    Number(second) > 60 ||
    Number(offsetHour ?? 0) > 23 ||
    Number(offsetMinute ?? 0) > 59
  ) {
    return undefined
  }

  const midnight = Date.UTC(Number(year), Number(month) - 1, Number(day))
  // A date that does not exist, such as 30 February or month 13, comes back as another one.
  if (new Date(midnight).toISOString().slice(0, 10) !== `${year}-${month}-${day}`) {
    return undefined
  }

  const offset = (Number(offsetHour ?? 0) * 60 + Number(offsetMinute ?? 0)) * (sign === '-' ? -1 : 1)
  return midnight + ((Number(hour) * 60 + Number(minute) - offset) * 60 + Number(second)) * 1_000 + fractionMillis(fraction)
}

// Digit by digit, for a decimal fraction of a second times 1,000 is not exact in floating point.
function fractionMillis(digits = ''): number {
  return Number(digits.slice(0, 3).padEnd(3, '0'))
}
