/** `vicinity id`: make an identity and keep it in a file, or show which one a file holds. */
import { generateIdentity, loadIdentity, saveIdentity } from '@vicinity/peer/identity'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { command, quoted } from '../invocation.ts'
import { LineWriter, styled, talk } from '../output.ts'
import type { PrivateKey } from '@libp2p/interface'
import type { idCreateOptions, idShowOptions, Values } from '../options.ts'

/** Makes a key and saves it; throws an `IdentityError` where there is a file already. */
export async function createId(settings: Values<typeof idCreateOptions>): Promise<0> {
  const key = await generateIdentity(settings['key-type'])
  const file = settings['key-file']
  await saveIdentity(file, key)
  show(key, file, settings.json)
  talk.line(`Saved in ${file}. Who has this file is this peer: keep it to yourself.`)
  sayNext(file)
  return 0
}

/** Shows the identity in a file; throws an `IdentityError` where there is none, or none that is whole. */
export async function showId(settings: Values<typeof idShowOptions>): Promise<0> {
  const file = settings['key-file']
  show(await loadIdentity(file, { warn: warning => talk.line(`Warning: ${warning}.`) }), file, settings.json)
  sayNext(file)
  return 0
}

/** The result, which alone goes to standard output: the id, or under `--json` what is known of it. */
function show(key: PrivateKey, file: string, json: boolean): void {
  const id = peerIdFromPrivateKey(key).toString()
  new LineWriter(1).line(json ? JSON.stringify({ id, keyType: key.type.toLowerCase(), file }) : id)
}

function sayNext(file: string): void {
  talk.line(`Run a node with it:\n  ${styled('bold', `${command()} node --key-file ${quoted(file)}`)}`)
}
