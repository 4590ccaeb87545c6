import { formatDuration } from '../numbers.ts'
import type { Walk, WalkRequest } from '../walk.ts'
import { chart } from './chart.ts'
import type { LegendItem, Plot } from './chart.ts'
import { linearScale } from './scale.ts'
import { element, label, tooltip } from './svg.ts'

export interface WalkData {
  readonly title: string
  readonly subtitle?: string
  readonly walk: Walk
}

// the target itself is 256 bits near, off any scale on which the others can be told apart
const itself = 200

/**
 * One lookup: time to the right, nearness to the target upwards, a line for each request from when it was sent to when
 * its answer came, a faint line from each answer to the requests that it led to.
 */
export function walkPicture({ title, subtitle, walk }: WalkData): string {
  const { requests, durationMs } = walk
  const others = requests.map(request => request.nearness).filter(bits => bits < itself)
  const top = Math.ceil(Math.max(4, ...others)) + 0.5
  const bottom = Math.max(0, Math.floor(Math.min(top, ...others)) - 0.5)
  const y = linearScale([bottom, top], 'bits', 10, false)
  return chart(
    {
      title,
      subtitle: subtitle ?? summarise(walk),
      description: describe(walk),
      x: { title: 'time since the start of the lookup', scale: linearScale([0, Math.max(1, durationMs)], 'ms', 8, false) },
      y: { title: 'nearness to the target: length of the common prefix', scale: y },
      legend: legendOf(walk),
      plotHeight: 400
    },
    plot => {
      const within: Plot = { ...plot, y: bits => plot.y(Math.min(bits, top)) }
      const nearest = region(within, requests)
      return {
        behind: nearest.area,
        before: [
          ...nearest.name,
          ...requests.map(request => origin(within, request, requests)),
          ...requests.map(request => line(within, request, durationMs)),
          ...requests.map(request => mark(within, request, durationMs))
        ]
      }
    }
  )
}

function summarise({ requests, durationMs, reason }: Walk): string {
  const hops = requests.reduce((most, { hop, chosen }) => (chosen ? Math.max(most, hop) : most), 0)
  const ends = {
    converged: 'all nearest peers answered',
    found: 'the wanted peer was named',
    timeout: 'ended by its deadline',
    cancelled: 'cancelled',
    stopped: 'ended when the node stopped'
  }
  const found = hops === 0 ? [] : [`the nearest at most ${hops} ${hops === 1 ? 'hop' : 'hops'} away`]
  return [`${requests.length} requests`, ...found, formatDuration(durationMs), ends[reason]].join(' · ')
}

function describe(walk: Walk): string {
  const count = (test: (request: WalkRequest) => boolean): number => walk.requests.filter(test).length
  const answered = count(({ outcome }) => outcome === 'answered')
  const late = count(({ outcome, lateMs }) => outcome === 'answered' && lateMs !== undefined)
  const failed = count(({ outcome }) => outcome === 'failed')
  return [
    `A lookup as a walk towards its target. ${summarise(walk)}.`,
    `${answered} requests were answered, ${late} of them late; ${failed} failed;`,
    `${walk.requests.length - answered - failed} were unanswered when it ended.`
  ].join(' ')
}

function legendOf({ requests }: Walk): LegendItem[] {
  const present = (outcome: WalkRequest['outcome'], late: boolean): boolean =>
    requests.some(request => request.outcome === outcome && (request.lateMs !== undefined) === late)
  const failed = present('failed', true) || present('failed', false)
  const unanswered = present('unanswered', true) || present('unanswered', false)
  return [
    { name: 'answered', sample: sample('answered', 'good') },
    ...(present('answered', true) ? [{ name: 'answered late', sample: sample('answered', 'late') }] : []),
    ...(failed ? [{ name: 'failed', sample: sample('failed', 'bad') }] : []),
    ...(unanswered ? [{ name: 'unanswered at the end', sample: sample('unanswered', 'late') }] : []),
    { name: 'named by', sample: (x, y) => element('line', { class: 'thin link', x1: x, x2: x + 28, y1: y + 6, y2: y - 6 }) }
  ]
}

function sample(outcome: WalkRequest['outcome'], className: string): LegendItem['sample'] {
  return (x, y) =>
    element('line', { class: `walk ${className}`, x1: x, x2: x + 22, y1: y, y2: y }) + symbol(x + 22, y, outcome, className)
}

/** The part of the keyspace in which the peers lie that the lookup gave: its area, and its name. */
function region(plot: Plot, requests: readonly WalkRequest[]): { area: string[]; name: string[] } {
  const chosen = requests.filter(request => request.chosen)
  if (chosen.length === 0) {
    return { area: [], name: [] }
  }

  const farthest = plot.y(Math.min(...chosen.map(request => request.nearness)))
  const size = { width: plot.right - plot.left, height: farthest + 4 - plot.top }
  const words = chosen.length === 1 ? 'the nearest that answered' : `the ${chosen.length} nearest that answered`
  return {
    area: [element('rect', { class: 'band', x: plot.left, y: plot.top, ...size })],
    name: [label(words, { class: 'note', x: plot.left + 8, y: plot.top + 17 })]
  }
}

/** From the answer that named a peer to the request it got. */
function origin(plot: Plot, request: WalkRequest, requests: readonly WalkRequest[]): string {
  const namer = request.namedBy === undefined ? undefined : requests[request.namedBy]
  if (namer?.endedMs === undefined) {
    return ''
  }

  const [x1, x2] = [plot.x(namer.endedMs), plot.x(request.askedMs)]
  return element('line', { class: 'thin link', x1, x2, y1: plot.y(namer.nearness), y2: plot.y(request.nearness) })
}

/** From sent to answered; dashed from when it was late. */
function line(plot: Plot, request: WalkRequest, durationMs: number): string {
  const y = plot.y(request.nearness)
  const end = request.endedMs ?? durationMs
  const className = classOf(request)
  const between = (from: number, to: number, style: string): string =>
    element('line', { class: style, x1: plot.x(from), x2: plot.x(to), y1: y, y2: y })
  return request.lateMs === undefined
    ? between(request.askedMs, end, `walk ${className}`)
    : between(request.askedMs, request.lateMs, `walk ${className}`) + between(request.lateMs, end, `walk ${className} dashed`)
}

function mark(plot: Plot, request: WalkRequest, durationMs: number): string {
  const { nearness, outcome, hop, askedMs, endedMs, reason } = request
  const took = endedMs === undefined ? 'unanswered' : `${outcome} after ${formatDuration(endedMs - askedMs)}`
  const words = `hop ${hop}, ${nearness.toFixed(1)} bits: ${took}${reason === undefined ? '' : ` (${reason})`}`
  const [x, y] = [plot.x(endedMs ?? durationMs), plot.y(nearness)]
  const name = label('the target itself', { class: 'note', x: x - 10, y: y + 18, 'text-anchor': 'end' })
  return element('g', {}, tooltip(words), symbol(x, y, outcome, classOf(request)), nearness > itself ? name : '')
}

function classOf({ outcome, lateMs }: WalkRequest): string {
  return outcome === 'failed' ? 'bad' : outcome === 'unanswered' || lateMs !== undefined ? 'late' : 'good'
}

function symbol(x: number, y: number, outcome: WalkRequest['outcome'], className: string): string {
  switch (outcome) {
    case 'answered':
      return element('circle', { class: `${className} filled`, cx: x, cy: y, r: 3.5 })
    case 'failed':
      return element('path', {
        class: `walk ${className}`,
        d: `M${x - 4} ${y - 4}L${x + 4} ${y + 4}M${x - 4} ${y + 4}L${x + 4} ${y - 4}`
      })
    case 'unanswered':
    default:
      return element('circle', { class: `walk ${className} hollow`, cx: x, cy: y, r: 3.5 })
  }
}
