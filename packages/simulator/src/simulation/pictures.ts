/** The pictures of one run, or of several with the same options: distributions, a lookup as a walk, heat, and the course of recall. */
import { second } from '@vicinity/kademlia'
import type { SimulationOptions } from '../options.ts'
import { cdfPicture, formatCount, heatPicture, timePicture, walkPicture } from '../report/index.ts'
import type { Distribution, TimeWindow, Unit } from '../report/index.ts'
import { LookupMeasures, successRecall } from './measures.ts'
import type { Course, SceneData } from './scene.ts'

/** What the pictures are of. */
export interface PictureCaption {
  readonly scenario: string
  /** Such as "seed 1", or "seeds 1 to 50". */
  readonly seeds: string
  readonly options: SimulationOptions
}

/** What pictures can be called; those that have nothing to show are not drawn. */
export const pictureNames = ['hops', 'requests', 'latency', 'recall', 'walk', 'heat', 'course'] as const

export type PictureName = (typeof pictureNames)[number]

/** @returns the pictures as SVG, by name. */
export function drawScene(scene: SceneData, caption: PictureCaption): Partial<Record<PictureName, string>> {
  const { scenario, seeds, options } = caption
  const subtitle = `${scenario}, ${formatCount(options.nodes)} nodes, ${seeds}`
  const { walk, course } = scene
  return {
    ...distributions(scene, subtitle),
    ...(walk && {
      walk: walkPicture({
        title: `A lookup as a walk towards its target (${scenario}, ${formatCount(options.nodes)} nodes)`,
        walk
      })
    }),
    ...(scene.heat.some(count => count > 0) && { heat: heat(scene, subtitle, options.nodes) }),
    ...(course.counts.some(count => count > 0) && { course: courseOf(course, subtitle, options) })
  }
}

/** Scenes of runs with the same options as one: the walk is that of the first which has one. */
export function mergeScenes(scenes: Iterable<SceneData>): SceneData | undefined {
  const [first, ...others] = scenes
  if (first === undefined || others.length === 0) {
    return first
  }

  const all = [first, ...others]
  const measures = first.measures.map(({ name }) => {
    const merged = new LookupMeasures(name)
    for (const data of all.flatMap(scene => scene.measures.filter(each => each.name === name))) {
      merged.merge(data)
    }

    return merged.data()
  })
  return {
    measures,
    walk: all.find(({ walk }) => walk !== undefined)?.walk,
    heat: sum(all.map(scene => scene.heat)),
    course: {
      spanMs: first.course.spanMs,
      counts: sum(all.map(({ course }) => course.counts)),
      recallSums: sum(all.map(({ course }) => course.recallSums))
    }
  }
}

function distributions(scene: SceneData, subtitle: string): Partial<Record<PictureName, string>> {
  const parts = scene.measures.filter(({ count }) => count > 0).map(partOf)
  if (parts.length === 0) {
    return {}
  }

  const draw = (title: string, measure: string, unit: Unit, figure: (part: LookupMeasures) => Distribution): string =>
    cdfPicture({
      title,
      subtitle,
      measure,
      unit,
      of: 'lookups',
      series: parts.map(part => ({ name: part.name, points: figure(part).cdf() }))
    })
  return {
    hops: draw('How many hops lookups take', 'hops until all of the result were known', 'count', part => part.hops),
    requests: draw('How many requests lookups take', 'requests sent for a lookup', 'count', part => part.requests),
    latency: draw('How long lookups take', 'latency of a lookup', 'ms', part => part.latency),
    recall: draw('What lookups find', 'recall: share of the true nearest that were found', 'share', part => part.recall)
  }
}

function partOf(data: SceneData['measures'][number]): LookupMeasures {
  const part = new LookupMeasures(data.name)
  part.merge(data)
  return part
}

/** In so many slices that an even network has a few servers in each. */
function heat({ heat: counts }: SceneData, subtitle: string, nodes: number): string {
  const wanted = [4_096, 1_024, 256, 64].find(slices => nodes >= 4 * slices) ?? 16
  const together = counts.length / wanted
  const slices = Array.from({ length: wanted }, (_, slice) =>
    counts.subarray(slice * together, (slice + 1) * together).reduce((total, count) => total + count, 0)
  )
  const mean = slices.reduce((total, count) => total + count, 0) / wanted
  return heatPicture({
    title: 'Where in the keyspace requests go',
    subtitle,
    measure: 'requests received by the servers of a slice',
    unit: 'count',
    slices,
    scale: Math.max(...slices) > 8 * mean ? 'log' : 'linear'
  })
}

function courseOf({ spanMs, counts, recallSums }: Course, subtitle: string, options: SimulationOptions): string {
  const points = Array.from(counts, (count, span) => ({
    timeMs: Math.round((span + 0.5) * spanMs),
    value: count === 0 ? null : (recallSums[span] ?? 0) / count
  }))
  return timePicture({
    title: 'Recall of lookups over time',
    subtitle,
    measure: 'mean recall of the lookups that began then',
    unit: 'share',
    range: [0.8, 1],
    series: [{ name: 'mean recall', points }],
    windows: windowsOf(options),
    threshold: { name: `a lookup of recall ${successRecall * 100} % has succeeded`, value: successRecall }
  })
}

/** When the faults are, and when the network is given time to heal. */
function windowsOf({ partition, outage, faultStart, faultEnd, duration, heal }: SimulationOptions): TimeWindow[] {
  const names = [...(partition > 0 ? ['partition'] : []), ...(outage > 0 ? ['outage'] : [])]
  const faulty = names.length > 0 && faultStart < duration
  return [
    ...(faulty ? [{ name: names.join(' and '), fromMs: faultStart * second, toMs: Math.min(faultEnd, duration) * second }] : []),
    ...(heal > 0 ? [{ name: 'time to heal', fromMs: duration * second, toMs: (duration + heal) * second }] : [])
  ]
}

function sum(arrays: readonly Float64Array[]): Float64Array {
  const total = new Float64Array(arrays[0]?.length ?? 0)
  for (const array of arrays) {
    array.forEach((value, at) => {
      total[at] = (total[at] ?? 0) + value
    })
  }

  return total
}
