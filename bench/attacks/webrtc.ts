/** Attacks on the WebRTC-direct port, before any handshake. */
import { createSocket } from 'node:dgram'
import { createHmac } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { again } from './attack.ts'
import type { Attack, Context } from './attack.ts'
import { uint16 } from './wire/bytes.ts'

const magicCookie = Buffer.from('2112a442', 'hex')
const attributeType = { username: 0x0006, integrity: 0x0008, priority: 0x0024, controlling: 0x802a, fingerprint: 0x8028 } as const

function attribute(type: number, value: Uint8Array): Buffer {
  return Buffer.concat([uint16(type), uint16(value.length), value, Buffer.alloc((4 - (value.length % 4)) % 4)])
}

/** A binding request (RFC 8489) as a browser dials WebRTC-direct with it: the user fragment twice, which is the password too. */
function bindingRequest({ random }: Context): Buffer {
  const fragment = `libp2p+webrtc+v1/${random.text(32)}`
  const transaction = random.bytes(12)
  const attributes = [
    attribute(attributeType.username, Buffer.from(`${fragment}:${fragment}`)),
    attribute(attributeType.priority, Buffer.from([0x6e, 0x7f, 0x1e, 0xff])),
    attribute(attributeType.controlling, random.bytes(8))
  ]
  const message = (following: number): Buffer => {
    const body = Buffer.concat(attributes)
    return Buffer.concat([uint16(0x0001), uint16(body.length + following), magicCookie, transaction, body])
  }
  attributes.push(attribute(attributeType.integrity, createHmac('sha1', fragment).update(message(24)).digest()))
  const checksum = Buffer.alloc(4)
  checksum.writeUInt32BE((crc32(message(8)) ^ 0x5354554e) >>> 0)
  attributes.push(attribute(attributeType.fingerprint, checksum))
  return message(0)
}

/** Sends what `datagram` gives, `burst` of it every 10 ms, from four sockets. */
async function sendDatagrams(context: Context, burst: number, datagram: () => Uint8Array): Promise<void> {
  const sockets = Array.from({ length: 4 }, () => createSocket('udp4'))
  context.atEnd(() => {
    for (const socket of sockets) {
      socket.close()
    }
  })
  await again(context, 'bursts', async () => {
    for (let i = 0; i < burst; i++) {
      sockets[i % sockets.length]?.send(datagram(), context.target.webrtcPort, '127.0.0.1')
    }
    context.count('datagrams', burst)
    await context.pause(10)
  })
}

export const webrtcAttacks: readonly Attack[] = [
  {
    name: 'webrtc-stun-flood',
    fault: 5,
    over: 'webrtc-direct',
    does: 'made-up STUN binding requests with random user fragments, some 1,000 a second',
    run: async context => await sendDatagrams(context, 10, () => bindingRequest(context))
  },
  {
    name: 'webrtc-garbage',
    fault: 0,
    over: 'webrtc-direct',
    does: 'datagrams at the WebRTC-direct port that are garbage, or STUN cut short',
    run: async context => {
      const { random } = context
      await sendDatagrams(context, 20, () => {
        const request = bindingRequest(context)
        return random.below(2) === 0 ? random.bytes(1 + random.below(1_400)) : request.subarray(0, random.below(request.length))
      })
    }
  }
]
