/**
 * From the variables and flags to addresses to listen on, to enter the DHT through, and to dial.
 *
 * One lesson of the workshop listens on `REMOTE_PEERS`, another dials them; here one rule serves both. An address is
 * listened on when its host is this machine (or unspecified), it names no peer, and its port is free; a taken port
 * means that a checker listens there already, and it is dialled, like every other address. `LISTEN_ADDRS` only
 * listens, `REMOTE_PEER` and `BOOTSTRAP_PEERS` only dial. With nothing left to listen on, a free port of loopback is.
 *
 * Everything is checked before anything is opened, and a fault names the item and where it came from. Lists and items are
 * bounded before they are parsed.
 */
import { multiaddr } from '@multiformats/multiaddr'
import type { Multiaddr } from '@multiformats/multiaddr'
import { parseAddressText } from '@vicinity/dht'
import { sharePort } from './conflicts.ts'
import { AddressError } from './errors.ts'
import type { AddressErrorCode } from './errors.ts'
import { isOwnHost, isUnspecified } from './hosts.ts'
import { isPeerId } from './payload/claims.ts'
import { portState } from './ports.ts'
import { canListen, endpointOf, isDnsAddress, peerIdOf, transportOf } from './transports.ts'

/** A list of addresses as somebody wrote it: comma-separated, blanks and empty items ignored. */
export interface AddressText {
  /** The variable or flag it came from, for error messages: `BOOTSTRAP_PEERS`, `--listen`. */
  readonly source: string
  readonly text: string
}

/** By the variables' meanings; flags that override one take its place. */
export interface AddressSources {
  readonly BOOTSTRAP_PEERS?: AddressText | undefined
  readonly REMOTE_PEERS?: AddressText | undefined
  readonly REMOTE_PEER?: AddressText | undefined
  readonly LISTEN_ADDRS?: AddressText | undefined
}

export interface ClassifiedAddresses {
  /** Never empty: `/ip4/127.0.0.1/tcp/0` when nothing was named. */
  readonly listen: Multiaddr[]
  readonly bootstrap: Multiaddr[]
  readonly dial: Multiaddr[]
}

interface Item {
  readonly address: Multiaddr
  readonly text: string
  readonly source: string
}

export const defaultListenAddress = '/ip4/127.0.0.1/tcp/0'

/** Addresses in one list: each is compared to all others. */
const addressesMax = 256
/** Characters of one list: 128 for each of `addressesMax`, and what the operating system takes of a variable at most. */
const listCharactersMax = 128 * 1024
/** Characters of an item that an error shows. */
const shownCharactersMax = 200

/** Throws an `AddressError`, naming the item and its source. */
export async function classifyAddresses(sources: AddressSources): Promise<ClassifiedAddresses> {
  const remotes = await sortRemotes(parseAddresses(sources.REMOTE_PEERS))
  const listen = withoutConflicts([...parseAddresses(sources.LISTEN_ADDRS), ...remotes.listen])
  const bootstrap = parseAddresses(sources.BOOTSTRAP_PEERS).map(diallable)
  const dial = [...parseAddresses(sources.REMOTE_PEER).map(diallable), ...remotes.dial]

  return {
    listen: listen.length > 0 ? listen : [multiaddr(defaultListenAddress)],
    bootstrap: distinct(bootstrap),
    // A peer that is dialled for the DHT is dialled once.
    dial: distinct(dial).filter(address => !bootstrap.some(other => other.equals(address)))
  }
}

/**
 * The addresses to listen on, in order. One of `REMOTE_PEERS` that an earlier one serves already is left out, for its
 * port is taken, by ourselves; any other that wants an earlier one's port is a mistake.
 */
function withoutConflicts(items: readonly Item[]): Multiaddr[] {
  const kept: Item[] = []
  for (const item of items) {
    const address = listenable(item)
    const earlier = kept.find(other => other.address.equals(address) || sharePort(other.address, address))
    const served = earlier !== undefined && transportOf(earlier.address) === transportOf(address)
    if (earlier === undefined) {
      kept.push(item)
    } else if (!served || (item.source !== 'REMOTE_PEERS' && !earlier.address.equals(address))) {
      const why = `wants the port of "${earlier.text}" (${earlier.source}): give one of them another port`
      throw refusal('ERR_ADDRESS_CONFLICT', item, why)
    }
  }

  return kept.map(({ address }) => address)
}

async function sortRemotes(items: readonly Item[]): Promise<{ listen: Item[]; dial: Multiaddr[] }> {
  const listen: Item[] = []
  const dial: Multiaddr[] = []

  for (const item of items) {
    const endpoint = endpointOf(item.address)
    const own = endpoint !== undefined && peerIdOf(item.address) === undefined && isOwnHost(endpoint)

    if (own && (endpoint.port === 0 || (await portState(endpoint)) !== 'taken')) {
      listen.push(item)
    } else {
      dial.push(diallable(own && isUnspecified(endpoint) ? { ...item, address: onLoopback(item.address) } : item))
    }
  }

  return { listen, dial }
}

function parseAddresses(list: AddressText | undefined): Item[] {
  if (list === undefined) {
    return []
  }

  const { source } = list
  if (list.text.length > listCharactersMax) {
    const why = `has ${list.text.length} characters, more than ${listCharactersMax}: name fewer addresses`
    throw new AddressError('ERR_ADDRESS_INVALID', shown(list.text), source, `${source}: the list ${why}`)
  }

  const texts = list.text
    .split(',')
    .map(text => text.trim())
    .filter(text => text !== '')
  if (texts.length > addressesMax) {
    const why = `has ${texts.length} addresses, more than ${addressesMax}: name fewer`
    throw new AddressError('ERR_ADDRESS_INVALID', shown(list.text), source, `${source}: the list ${why}`)
  }

  return texts.map(text => ({ address: parseAddress(text, source), text, source }))
}

function parseAddress(text: string, source: string): Multiaddr {
  const address = parseAddressText(text)
  if (address === undefined) {
    throw malformed(text, source)
  }

  const peer = peerIdOf(address)
  if (peer !== undefined && !isPeerId(peer)) {
    throw new AddressError(
      'ERR_ADDRESS_INVALID',
      text,
      source,
      `${source}: "${text}" is not an address ("${peer}" is not a peer id): copy the peer id whole`
    )
  }
  if (endpointOf(address) === undefined && !isDnsAddress(address)) {
    throw new AddressError(
      'ERR_ADDRESS_INVALID',
      text,
      source,
      `${source}: "${text}" lacks a host and a port: write it like /ip4/127.0.0.1/tcp/9000`
    )
  }

  return address
}

/** Why a text is no address, in the parser's words where it is short enough for the parser. */
function malformed(text: string, source: string): AddressError {
  const say = (why: string, cause?: unknown): AddressError =>
    new AddressError(
      'ERR_ADDRESS_INVALID',
      shown(text),
      source,
      `${source}: "${shown(text)}" is not an address (${why}): write it like /ip4/127.0.0.1/tcp/9000`,
      { cause }
    )
  if (text.length > shownCharactersMax) {
    return say('it is too long, or malformed')
  }

  try {
    multiaddr(text)
    return say('a part of it is too long')
  } catch (error) {
    return say(error instanceof Error ? error.message : String(error), error)
  }
}

function shown(text: string): string {
  return text.length > shownCharactersMax ? `${text.slice(0, shownCharactersMax)}…` : text
}

const transportsKnown = 'TCP (/tcp/9000), QUIC (/udp/9000/quic-v1), WebSocket (/tcp/9000/ws) or WebRTC (/udp/9000/webrtc-direct)'

function listenable(item: Item): Multiaddr {
  if (peerIdOf(item.address) !== undefined) {
    throw refusal('ERR_ADDRESS_NOT_LISTENABLE', item, 'names a peer, so it cannot be listened on: drop the /p2p/… part')
  }
  if (!canListen(item.address)) {
    throw refusal('ERR_ADDRESS_UNSUPPORTED', item, `cannot be listened on: use ${transportsKnown}`)
  }

  return item.address
}

function diallable(item: Item): Multiaddr {
  if (isDnsAddress(item.address)) {
    return item.address
  }
  if (transportOf(item.address) === undefined) {
    throw refusal('ERR_ADDRESS_UNSUPPORTED', item, `has no transport here: use ${transportsKnown}`)
  }
  if (transportOf(item.address) === 'webrtc-direct' && !item.address.getComponents().some(({ name }) => name === 'certhash')) {
    throw refusal('ERR_ADDRESS_NOT_DIALLABLE', item, 'lacks its /certhash/…: copy the address as that peer prints it')
  }
  if (endpointOf(item.address)?.port === 0) {
    throw refusal('ERR_ADDRESS_NOT_DIALLABLE', item, 'has port 0, which nobody can be reached at: name the port')
  }

  return item.address
}

function refusal(code: AddressErrorCode, item: Item, why: string): AddressError {
  return new AddressError(code, item.text, item.source, `${item.source}: "${item.text}" ${why}`)
}

function onLoopback(address: Multiaddr): Multiaddr {
  const [host, ...rest] = address.getComponents()
  return host === undefined ? address : multiaddr([{ ...host, value: host.name === 'ip6' ? '::1' : '127.0.0.1' }, ...rest])
}

function distinct(addresses: readonly Multiaddr[]): Multiaddr[] {
  return [...new Map(addresses.map(address => [address.toString(), address])).values()]
}
