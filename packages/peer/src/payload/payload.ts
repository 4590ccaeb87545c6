/**
 * What a message on the chat topic says, whichever of the formats in use it came in.
 *
 * The workshop's formats carry more than chat on that topic; `text` is then what a line about it shows.
 */
export interface Payload {
  readonly kind: PayloadKind
  /** Of a chat message its text, of a file its name, of data the data, of a discovery the peer id that it claims. */
  readonly text: string
}

export type PayloadKind = 'chat' | 'file' | 'data' | 'discovery'

/** What a format's writer may need besides the text. */
export interface Sender {
  /** Our own peer id, as text. */
  readonly peer: string
  /** Milliseconds since the Unix epoch. */
  readonly now: number
}

/** One format: reads its own bytes and nothing else, and writes a chat message. */
export interface PayloadCodec {
  /** The payload, or `undefined` when the bytes are not certainly of this format. Never throws. */
  read(bytes: Uint8Array): Payload | undefined
  write(text: string, sender: Sender): Uint8Array
}
