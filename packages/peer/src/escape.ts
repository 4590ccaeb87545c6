/**
 * Text of other peers on a line of ours.
 *
 * A message may hold a line end, and so forge a line (`closed,<id>`), or a terminal's control sequence. So every
 * character that moves, ends or redraws a line is written as an escape, and the backslash with them, which makes
 * the escaped text readable back without doubt.
 *
 * Besides the C0 and C1 controls these are: the separators U+2028 and U+2029, which some line readers split at;
 * the marks that turn the direction of the text, which would show an id other than the real one; the byte order mark;
 * and lone surrogates, which are not text at all.
 */
const unsafe = /[\\\p{Cc}\u061C\u200E\u200F\u2028-\u202E\u2066-\u2069\uFEFF]|\p{Cs}/gu

const short: Readonly<Record<string, string>> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' }

/** The text on one line: `\\`, `\n`, `\r`, `\t`, and `\u{…}` for every other unsafe character. */
export function escapeRemote(text: string): string {
  return text.replace(unsafe, character => short[character] ?? `\\u{${character.codePointAt(0)?.toString(16) ?? ''}}`)
}
