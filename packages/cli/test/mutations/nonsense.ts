/** Bytes that no protocol's header has: not a version of yamux, and as a length beyond every limit. */
export const nonsense = new Uint8Array(12).fill(0xff)
