/** How many of the cases each layer gets: most where a case costs little. */
import type { Layer } from './cases.ts'

const parts: Readonly<Record<Layer, number>> = {
  muxer: 0.2,
  streams: 0.7,
  tcp: 0.03,
  websocket: 0.04,
  quic: 0.02,
  webrtc: 0.01
}

/** Splits `count` over the layers, in proportion. */
export function distribute(count: number, layers: readonly Layer[]): Partial<Record<Layer, number>> {
  const total = layers.reduce((sum, layer) => sum + parts[layer], 0)
  return Object.fromEntries(layers.map(layer => [layer, Math.round((count * parts[layer]) / total)]))
}
