/** What a payload claims about its sender. It proves nothing; that it is there at all tells the formats apart. */
import { peerIdFromString } from '@libp2p/peer-id'

/** The longest peer id in text (an RSA or secp256k1 key as CIDv1) has about 64 characters. */
const peerIdCharactersMax = 128

export function isPeerId(text: string): boolean {
  if (text.length === 0 || text.length > peerIdCharactersMax) {
    return false
  }

  try {
    peerIdFromString(text)
    return true
  } catch {
    return false
  }
}
