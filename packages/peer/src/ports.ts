/** Whether a port can be had (Node only). Asked by taking it for a moment: nothing else is certain. */
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { Endpoint } from './transports.ts'

/**
 * `taken`: somebody listens there. `denied`: this user may not (ports below 1024). `absent`: the host is not this
 * machine's. `unknown`: it failed in some other way.
 */
export type PortState = 'free' | 'taken' | 'denied' | 'absent' | 'unknown'

export async function portState(endpoint: Endpoint): Promise<PortState> {
  try {
    await (endpoint.protocol === 'tcp' ? takeTcp(endpoint) : takeUdp(endpoint))
    return 'free'
  } catch (error) {
    return stateOf(error)
  }
}

async function takeTcp({ host, port }: Endpoint): Promise<void> {
  const server = createServer()
  server.listen({ host, port, exclusive: true })
  await once(server, 'listening')
  server.close()
  await once(server, 'close')
}

async function takeUdp({ family, host, port }: Endpoint): Promise<void> {
  const socket = createSocket(family === 'ip6' ? 'udp6' : 'udp4')
  try {
    socket.bind({ address: host, port, exclusive: true })
    await once(socket, 'listening')
  } finally {
    const closed = once(socket, 'close')
    socket.close()
    await closed
  }
}

function stateOf(error: unknown): PortState {
  switch (error instanceof Error && 'code' in error ? error.code : undefined) {
    case 'EADDRINUSE':
      return 'taken'
    case 'EACCES':
    case 'EPERM':
      return 'denied'
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAFNOSUPPORT':
      return 'absent'
    default:
      return 'unknown'
  }
}
