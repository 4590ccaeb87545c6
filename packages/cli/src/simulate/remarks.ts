/**
 * What a run did not do though its options ask for it. That is no error, for what shrinking leaves may say such things, but
 * somebody who mistyped would take the run for another.
 */
import type { Simulation, SimulationInit } from '@vicinity/simulator'
import type { Remark } from './jobs.ts'

/** @param simulation - when its run is over. */
export function remarksOn({ init, numbered }: Simulation): Remark[] {
  const { options, only } = init
  return [
    ...unknown('faults', only?.faults, numbered.faults),
    ...unknown('lookups', only?.lookups, numbered.lookups),
    ...late(options, named(only?.faults, numbered.faults))
  ]
}

function unknown(what: 'faults' | 'lookups', only: readonly number[] = [], count: number): Remark[] {
  const numbers = only.filter(number => number >= count)
  const there = count === 0 ? 'this run has none' : count === 1 ? 'this run has only 0' : `this run has only 0 to ${count - 1}`
  return numbers.length === 0 ? [] : [{ about: what, text: `--only-${what} names ${numbers.join(', ')}: of ${what} ${there}` }]
}

/** How many faults there are in the run. */
function named(only: readonly number[] | undefined, count: number): number {
  return only === undefined ? count : only.filter(number => number < count).length
}

function late({ merge, faultStart, duration, heal }: SimulationInit['options'], faults: number): Remark[] {
  // two networks that have yet to meet are apart from the beginning
  const last = duration + heal
  const text = `the faults begin at ${faultStart} s, after the last lookup at ${last} s: nothing goes wrong in this run`
  return faults > 0 && merge === 0 && faultStart > last ? [{ about: 'times', text }] : []
}
