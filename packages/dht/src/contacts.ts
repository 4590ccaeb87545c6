import type { PeerId, PeerInfo as Libp2pPeerInfo } from '@libp2p/interface'
import { peerIdFromMultihash } from '@libp2p/peer-id'
import type { Multiaddr } from '@multiformats/multiaddr'
import { sha256 } from '@noble/hashes/sha2.js'
import { keyFromBytes, keyHead, limits } from '@vicinity/kademlia'
import type { Contact, Key, PeerInfo, Target } from '@vicinity/kademlia'
import type { WirePeer } from '@vicinity/wire'
import * as Digest from 'multiformats/hashes/digest'
import { AddressList } from './addresses/list.ts'
import type { PeerInfoMapper } from './addresses/mappers.ts'
import { parseAddress } from './addresses/parse.ts'
import { groupOf } from './streams/origin.ts'

/** A peer as this node's engine knows it: hashed once, whoever names it and however often. */
export class PeerContact implements Contact {
  readonly peerId: PeerId
  readonly id: string
  readonly bytes: Uint8Array
  readonly key: Key
  readonly head: number
  /** What the last answer that named it said, so that the next one that says the same costs a comparison. */
  heard: { readonly addresses: readonly Uint8Array[]; readonly isPublic: boolean; readonly info: PeerInfo } | undefined

  constructor(peerId: PeerId, bytes: Uint8Array) {
    this.peerId = peerId
    this.id = peerId.toString()
    this.bytes = bytes
    this.key = keyFromBytes(sha256(bytes))
    this.head = keyHead(this.key)
  }
}

export interface ContactBookInit {
  readonly peerInfoMapper: PeerInfoMapper
  /** Whether the address groups of peers are told, and so limited by the engine. Asked for each peer, for it may change. */
  readonly limitGroups: () => boolean
}

/**
 * Turns ids and addresses as they come (bytes, peer ids, multiaddrs) into the engine's contacts and back. A contact is
 * interned for as long as anything refers to it. Addresses that the node does not believe go no further than here.
 */
export class ContactBook {
  readonly #init: ContactBookInit
  // bounded by what else refers to contacts: an entry goes when its contact is collected
  readonly #contacts = new Map<string, WeakRef<PeerContact>>()
  // bounded by the peer ids that others hold: a connection's stands for its peer in every request
  readonly #byPeerId = new WeakMap<PeerId, PeerContact>()
  readonly #collected = new FinalizationRegistry<string>(name => {
    if (this.#contacts.get(name)?.deref() === undefined) {
      this.#contacts.delete(name)
    }
  })

  constructor(init: ContactBookInit) {
    this.#init = init
  }

  /** Contacts that something refers to, and those not yet collected: for leak checks. */
  get size(): number {
    return this.#contacts.size
  }

  /** The contact of a peer. */
  of(peerId: PeerId): PeerContact {
    let contact = this.#byPeerId.get(peerId)
    if (contact === undefined) {
      const { bytes } = peerId.toMultihash()
      contact = this.known(bytes) ?? this.#intern(peerId, bytes)
      this.#byPeerId.set(peerId, contact)
    }

    return contact
  }

  /** The contact with this binary id, if anything refers to one. Looks at no more bytes than an id may have. */
  known(bytes: Uint8Array): PeerContact | undefined {
    return this.#contacts.get(nameOf(bytes))?.deref()
  }

  /** What a request is about: a contact where the bytes are the id of a peer we know. The bytes are not copied. */
  target(bytes: Uint8Array): Target {
    return this.known(bytes) ?? { bytes, key: keyFromBytes(sha256(bytes)) }
  }

  /** A peer that a message names. @returns `undefined` if its id is none. */
  read(peer: WirePeer): PeerInfo | undefined {
    const contact = this.known(peer.id) ?? this.#parse(peer.id)
    if (contact === undefined) {
      return undefined
    }

    const { heard } = contact
    const isPublic = this.#init.limitGroups()
    if (heard !== undefined && heard.isPublic === isPublic && sameBytes(heard.addresses, peer.addresses)) {
      return heard.info
    }

    const info = this.info(
      contact,
      peer.addresses.flatMap(bytes => parseAddress(bytes) ?? [])
    )
    // the message's buffer is not ours to keep
    contact.heard = { addresses: peer.addresses.map(bytes => bytes.slice()), isPublic, info }
    return info
  }

  /**
   * A peer with the addresses of these that we believe.
   *
   * @param seen - the address groups it was seen in itself. Where there are any they alone count: it cannot choose them as it can
   *   the addresses it tells, by which it would take the places of others in their groups.
   */
  info(contact: PeerContact, multiaddrs: readonly Multiaddr[], seen: readonly number[] = []): PeerInfo {
    const { multiaddrs: believed } = this.#init.peerInfoMapper({ id: contact.peerId, multiaddrs: [...multiaddrs] })
    const addresses = new AddressList(contact.bytes, believed.slice(0, limits.addressesStored).map(withoutPeer(contact.id)))
    return { contact, addresses, groups: this.#init.limitGroups() ? this.#groupsOf(addresses, seen) : [] }
  }

  #groupsOf({ multiaddrs }: AddressList, seen: readonly number[]): readonly number[] {
    return seen.length > 0 ? seen : [...new Set(multiaddrs.flatMap(({ bytes }) => groupOf(bytes) ?? []))]
  }

  #parse(id: Uint8Array): PeerContact | undefined {
    try {
      const bytes = id.slice()
      return this.#intern(peerIdFromMultihash(Digest.decode(bytes)), bytes)
    } catch {
      return undefined
    }
  }

  #intern(peerId: PeerId, bytes: Uint8Array): PeerContact {
    const contact = new PeerContact(peerId, bytes)
    const name = nameOf(bytes)
    this.#contacts.set(name, new WeakRef(contact))
    this.#collected.register(contact, name)
    return contact
  }
}

/** The peer id behind a contact; all contacts of the engine come from the book. */
export function peerIdOf(contact: Contact): PeerId {
  return (contact as PeerContact).peerId
}

/** The addresses behind what the engine carries; all of them come from the book, or are empty. */
export function multiaddrsOf({ addresses }: Pick<PeerInfo, 'addresses'>): readonly Multiaddr[] {
  return addresses instanceof AddressList ? addresses.multiaddrs : []
}

/** A peer of the engine as libp2p knows peers. */
export function toLibp2pPeer(peer: PeerInfo): Libp2pPeerInfo {
  return { id: peerIdOf(peer.contact), multiaddrs: [...multiaddrsOf(peer)] }
}

/** One character a byte: a name for a map, not for a person. */
function nameOf(bytes: Uint8Array): string {
  // six times as fast as spreading the bytes into arguments; a typed array is as good an array here as any
  return String.fromCharCode.apply(null, bytes.subarray(0, limits.valueKeyBytes + 1) as unknown as number[])
}

function sameBytes(a: readonly Uint8Array[], b: readonly Uint8Array[]): boolean {
  return (
    a.length === b.length &&
    a.every((bytes, i) => {
      const other = b[i] as Uint8Array
      return bytes.length === other.length && bytes.every((byte, j) => byte === other[j])
    })
  )
}

/** An address as it travels: which peer it belongs to stands beside it. */
function withoutPeer(id: string): (address: Multiaddr) => Multiaddr {
  return address => {
    const last = address.getComponents().at(-1)
    return last?.name === 'p2p' && last.value === id ? address.decapsulateCode(p2pCode) : address
  }
}

const p2pCode = 421
