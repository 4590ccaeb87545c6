/**
 * Text of other peers on a line of ours.
 *
 * A message may hold a line end, and so forge a line (`closed,<id>`), or a terminal's control sequence. So every
 * character that moves, ends or redraws a line is written as an escape, and the backslash with them, which makes
 * the escaped text readable back without doubt.
 *
 * Besides the C0 and C1 controls these are: the separators U+2028 and U+2029, which some line readers split at; all
 * characters that are not seen (format characters, which turn the direction of text or hide in an id or a name, fillers
 * and tags); and lone surrogates, which are not text at all. A joiner between two pictographs is part of an emoji.
 */
const unsafe =
  /(?<!\p{Extended_Pictographic}[\uFE0F\p{Emoji_Modifier}]?)\u200D|\u200D(?!\p{Extended_Pictographic})|\u034F|[\\\p{Cc}\u2028\u2029\u115F\u1160\u3164\uFFA0]|\u17B4|\u17B5|(?!\u200D)\p{Cf}|\p{Cs}/gu

const short: Readonly<Record<string, string>> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' }

/** The text on one line: `\\`, `\n`, `\r`, `\t`, and `\u{…}` for every other unsafe character. */
export function escapeRemote(text: string): string {
  return text.replace(unsafe, escaped)
}

/** A field that another follows on the same line: a comma in it is escaped as well. */
export function escapeField(text: string): string {
  return escapeRemote(text).replaceAll(',', escaped)
}

function escaped(character: string): string {
  return short[character] ?? `\\u{${character.codePointAt(0)?.toString(16) ?? ''}}`
}
