/**
 * A Universal Connectivity peer: `createPeer` composes it, `PeerEvent`s tell what it does, and the checkpoint
 * vocabulary puts those into a grader's words.
 */
export { classifyAddresses } from './addresses.ts'
export type { AddressSources, AddressText, ClassifiedAddresses } from './addresses.ts'
export { checkpointLine, errorLine } from './checkpoint.ts'
export { AddressError, IdentityError, PeerError } from './errors.ts'
export type { AddressErrorCode, IdentityErrorCode, PeerErrorCode } from './errors.ts'
export { endEscaped, escapes, onEscape } from './guard/escapes.ts'
export type { Escape } from './guard/escapes.ts'
export { escapeRemote } from './escape.ts'
export type { PeerEvent, PeerListener } from './events.ts'
export { generateIdentity, keyTypes, loadIdentity, saveIdentity } from './identity.ts'
export type { KeyType, LoadIdentityOptions } from './identity.ts'
export { chatTopic, discoveryTopic, fileTopic, networkScopes, payloadFormats, presets, unsignedPolicies } from './options.ts'
export type { NetworkScope, PayloadFormat, PeerOptions, PeerOverrides, PresetName, UnsignedPolicy } from './options.ts'
export { createPeer } from './peer.ts'
export type { Peer } from './peer.ts'
export type { Published } from './chat.ts'
export type { PayloadKind } from './payload/payload.ts'
export { reasonOf } from './reasons.ts'
