import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { limits, noAddresses, Rng } from '@vicinity/kademlia'
import type { PeerInfo, Request, Response } from '@vicinity/kademlia'
import { BytesMail, ObjectMail } from '../src/network/mail.ts'
import { randomKey, targetAt } from '../src/world/contacts.ts'
import { floodSize, fitting } from '../src/adversary/flooder.ts'
import { SmallWorld } from './support/small-world.ts'

const { world } = new SmallWorld({ wire: true })
const rng = new Rng('mail')
const strangers = Array.from({ length: 60 }, () => world.stranger(randomKey(rng)))
const mails = [new ObjectMail(), new BytesMail(world)]

function read(mail: ObjectMail | BytesMail, answer: Response, request: Request): Response | undefined {
  return mail.readResponse(mail.writeResponse(answer, request))
}

describe('mail', () => {
  it('weighs an object as much as its bytes', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(strangers.length - 1), fc.boolean()), { maxLength: 400 }), peers => {
        const closer = peers.map(([at, bare]): PeerInfo => {
          const peer = strangers[at] as PeerInfo
          return bare ? { ...peer, addresses: noAddresses } : peer
        })
        const request: Request = { type: 'FIND_NODE', target: targetAt(randomKey(rng)) }
        const answer: Response = { type: 'FIND_NODE', closer }
        const [objects, bytes] = mails as [ObjectMail, BytesMail]
        assert.equal(objects.responseBytes(answer), bytes.writeResponse(answer, request).length)
        assert.equal(objects.requestBytes(request), bytes.writeRequest(request).length)
      })
    )
  })

  it('weighs what says nothing', () => {
    const [objects, bytes] = mails as [ObjectMail, BytesMail]
    const ping = { type: 'PING' } as const
    assert.equal(objects.requestBytes(ping), bytes.writeRequest(ping).length)
    assert.equal(objects.responseBytes(ping), bytes.writeResponse(ping, ping).length)
  })

  it('brings the same, as an object and as bytes', () => {
    const node = world.add(randomKey(rng), { mode: 'server', reachable: true, advertised: true, groups: [7] })
    const old = node.info
    world.start(node)
    world.readdress(node)
    const request: Request = { type: 'FIND_NODE', target: node.contact }
    for (const mail of mails) {
      const asked: Request = mail.readRequest(mail.writeRequest(request))
      assert(asked.type === 'FIND_NODE')
      assert.equal(asked.target, node.contact, 'a known peer is that peer, not just bytes')

      for (const closer of [
        [],
        [node.info, old],
        [{ ...old, addresses: noAddresses }],
        strangers.slice(0, limits.closerPeersRead)
      ]) {
        const answer = read(mail, { type: 'FIND_NODE', closer }, request)
        assert.deepEqual(answer, { type: 'FIND_NODE', closer })
      }
    }
  })

  it('reads no more peers than the limit, and nothing of a frame that is too long', () => {
    const request: Request = { type: 'FIND_NODE', target: targetAt(randomKey(rng)) }
    const many = Array.from({ length: floodSize }, (_, i) => strangers[i % strangers.length] as PeerInfo)
    for (const mail of mails) {
      const cut = read(mail, { type: 'FIND_NODE', closer: many.slice(0, fitting) }, request)
      assert.deepEqual(cut, { type: 'FIND_NODE', closer: many.slice(0, limits.closerPeersRead) })
      assert.equal(read(mail, { type: 'FIND_NODE', closer: many }, request), undefined)
    }
  })
})
