import { unreachable } from './assert.ts'
import type { Mode } from './config.ts'
import { isContact } from './contact.ts'
import type { Contact, PeerInfo, Target } from './contact.ts'
import type { Call, KademliaOutput } from './io.ts'
import type { Request } from './messages.ts'
import type { ConnectedPeers } from './peers.ts'
import type { Table } from './table/table.ts'

export interface Serving {
  readonly mode: Mode
  readonly table: Table
  readonly peers: ConnectedPeers
  readonly k: number
  /** Ourselves, with our addresses. */
  readonly self: PeerInfo
}

/**
 * What becomes of a request: an answer, silence for what is never answered, a refusal of what this node does not do.
 * Values and providers are not stored here: those who look for them are sent on to closer peers.
 */
export function serve(serving: Serving, call: Call, from: Contact, request: Request): KademliaOutput {
  if (serving.mode === 'client') {
    return { type: 'refuse', call, reason: 'client' }
  }

  switch (request.type) {
    case 'PING':
      return { type: 'reply', call, message: { type: 'PING' } }
    case 'FIND_NODE':
      return { type: 'reply', call, message: { type: 'FIND_NODE', closer: findNode(serving, from, request.target) } }
    case 'GET_VALUE': {
      const found = closer(serving, from, request.target)
      return { type: 'reply', call, message: { type: 'GET_VALUE', closer: found, record: undefined } }
    }
    case 'GET_PROVIDERS': {
      const found = closer(serving, from, request.target)
      return { type: 'reply', call, message: { type: 'GET_PROVIDERS', closer: found, providers: [] } }
    }
    case 'ADD_PROVIDER':
      return { type: 'silence', call }
    case 'PUT_VALUE':
      return { type: 'refuse', call, reason: 'unsupported' }
    default:
      return unreachable(request)
  }
}

/** The k nearest servers that can be dialled, without ourselves and the asker. */
function closer({ table, k }: Serving, from: Contact, target: Target): PeerInfo[] {
  const found = table.closest(target.key, k, from)
  // not even a look at those found, which is a wait for memory where there are many tables
  return table.dialable || found.every(dialable)
    ? found
    : table.closest(target.key, table.size, from).filter(dialable).slice(0, k)
}

/**
 * The same, but a peer that is itself the target comes first if we know its addresses: even if it is ourselves, the
 * asker or a client. A fresh node that asks for its own id would else be sent away empty-handed by one that knows
 * only it, and go-libp2p takes nobody into its table who answers so (KADEMLIA, section 5).
 */
function findNode(serving: Serving, from: Contact, target: Target): PeerInfo[] {
  const found = closer(serving, from, target)
  const known = peerAt(serving, target)
  if (known === undefined) {
    return found
  }

  return [known, ...found.filter(peer => peer.contact.id !== known.contact.id)]
}

/** The peer that is the target, by whatever of ours knows an address of it. */
function peerAt({ table, peers, self }: Serving, target: Target): PeerInfo | undefined {
  if (!isContact(target)) {
    return undefined
  }

  const known = target.id === self.contact.id ? [self] : [peers.get(target.id), table.get(target)]
  return known.find(peer => peer !== undefined && dialable(peer))
}

function dialable(peer: PeerInfo): boolean {
  return peer.addresses.count > 0
}
