/**
 * Makes a failing run small: of everything in it as little as still makes the same checker find something. What is left over
 * points at the cause.
 *
 * Each step tries one simpler run and keeps it if it fails too: first options as they are by default (and with them faults,
 * adversaries and churn that have nothing to do with it), then fewer nodes, less time, fewer lookups, until nothing helps any more.
 */
import { defaultOptions, optionNames } from '../options.ts'
import type { OptionName, SimulationOptions } from '../options.ts'
import type { SimulationInit } from '../simulation/simulation.ts'
import { runInit } from './run.ts'
import type { SeedRun } from './run.ts'

export interface ShrinkWatch {
  /** Called after every try; it goes on as long as this gives true. */
  tried?(progress: ShrinkProgress): boolean
}

export interface ShrinkProgress {
  readonly tries: number
  /** How many of them still failed. */
  readonly kept: number
  /** The smallest that fails, so far. */
  readonly smallest: SimulationInit
}

/** What runs simulations. */
export interface Runner {
  /** May stop as soon as the checker has found something. */
  until(init: SimulationInit, checker: string): SeedRun
  whole(init: SimulationInit): SeedRun
}

/**
 * @param failing - a run in which at least one checker found something; the first of them is held on to.
 * @param budget - how many runs to try at most.
 * @returns the smallest run found that fails as this one does: itself, if nothing can be left out.
 */
export function shrink(failing: SeedRun, budget = 300, watch: ShrinkWatch = {}, runner: Runner = simulations): SeedRun {
  const [finding] = failing.findings
  if (finding === undefined) {
    return failing
  }

  const search = new Search(failing, finding.checker, budget, watch, runner)
  for (let before = -1; search.kept > before && !search.over; ) {
    before = search.kept
    simplify(search)
    fewerNodes(search)
    lessTime(search)
    fewerLookups(search)
  }

  // the smallest once more, to its end: its report is to be whole
  return search.kept === 0 ? failing : runner.whole(search.init)
}

class Search {
  smallest: SeedRun
  tries = 0
  kept = 0
  over = false
  readonly #checker: string
  readonly #budget: number
  readonly #watch: ShrinkWatch
  readonly #runner: Runner

  constructor(failing: SeedRun, checker: string, budget: number, watch: ShrinkWatch, runner: Runner) {
    this.smallest = failing
    this.#checker = checker
    this.#budget = budget
    this.#watch = watch
    this.#runner = runner
  }

  get init(): SimulationInit {
    return this.smallest.init
  }

  /** Tries a run with some options otherwise. @returns whether it still fails. */
  with(options: Partial<SimulationOptions>): boolean {
    return this.try({ ...this.init, options: { ...this.init.options, ...options } })
  }

  try(init: SimulationInit): boolean {
    if (this.over || this.tries >= this.#budget) {
      this.over = true
      return false
    }

    this.tries++
    const fails = this.#fails(init)
    if (fails !== undefined) {
      this.kept++
      this.smallest = fails
    }

    const progress = { tries: this.tries, kept: this.kept, smallest: this.init }
    this.over = this.#watch.tried?.(progress) === false
    return fails !== undefined
  }

  #fails(init: SimulationInit): SeedRun | undefined {
    try {
      const run = this.#runner.until(init, this.#checker)
      return run.findings.some(({ checker }) => checker === this.#checker) ? run : undefined
    } catch {
      // options that cannot be together
      return undefined
    }
  }
}

/** Options that say how much there is to see, not what goes wrong. */
const kept: ReadonlySet<OptionName> = new Set(['nodes', 'duration', 'lookups', 'heal', 'checks', 'faultStart', 'faultEnd'])

function simplify(search: Search): void {
  for (const name of optionNames) {
    if (!kept.has(name) && search.init.options[name] !== defaultOptions[name]) {
      search.with({ [name]: defaultOptions[name] })
    }
  }
}

function fewerNodes(search: Search): void {
  smaller(search, 'nodes', fewestNodes, 1)
}

function lessTime(search: Search): void {
  search.with({ heal: 0 })
  smaller(search, 'duration', shortest, 1)
  smaller(search, 'heal', 0, 1)
}

/** Halves what an option exceeds its least value by, for as long as that fails too, and then by less. */
function smaller(search: Search, name: 'nodes' | 'duration' | 'heal', least: number, step: number): void {
  let passes = least
  for (let value = search.init.options[name]; value - passes > step && !search.over; value = search.init.options[name]) {
    const next = Math.floor((passes + value) / 2)
    if (!search.with({ [name]: next })) {
      passes = next
    }
  }
}

/** Leaves out lookups: all of them, then halves, quarters and so on of those that are left (Zeller's ddmin). */
function fewerLookups(search: Search): void {
  if (search.init.only?.lookups?.length === 0 || withLookups(search, [])) {
    return
  }

  let left = search.init.only?.lookups ?? Array.from({ length: started(search) }, (_, index) => index)
  for (let size = Math.ceil(left.length / 2); size >= 1 && left.length > 0; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let from = 0; from < left.length && !search.over; ) {
      const without = [...left.slice(0, from), ...left.slice(from + size)]
      if (without.length > 0 && withLookups(search, without)) {
        left = without
      } else {
        from += size
      }
    }
  }
}

/** How many lookups were started, at most: a run that stopped when something was found knows only of those that had ended. */
function started({ smallest: { init, report } }: Search): number {
  return 2 * (report.lookups.count + (report.searches?.count ?? 0)) + init.options.nodes
}

function withLookups(search: Search, lookups: readonly number[]): boolean {
  return search.try({ ...search.init, only: { ...search.init.only, lookups } })
}

const simulations: Runner = {
  until: (init, checker) =>
    runInit(init, { yielded: ({ checkers }) => checkers.every(({ name, count }) => name !== checker || count === 0) }),
  whole: init => runInit(init)
}

const fewestNodes = 2
const shortest = 1
