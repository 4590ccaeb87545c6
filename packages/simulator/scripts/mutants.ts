/**
 * Faults put into the engine on purpose, each of which some checker has to find within a few seeds. A checker that misses the
 * mutant made for it is blind; a mutant whose text is no longer in the engine has to be written anew.
 */

import type { SimulationOptions } from '../src/options.ts'

/** One fault: a piece of the engine's text, which occurs once in its file, and what it is replaced by. */
export interface Mutant {
  readonly name: string
  /** In `packages/kademlia/src`. */
  readonly file: string
  readonly text: string
  readonly by: string
  /** What the networks must have in which the fault can show at all, or in which it shows often; the rest is drawn. */
  readonly given?: Partial<SimulationOptions>
}

const lookups: readonly Mutant[] = [
  {
    name: 'drop the follow-up',
    file: 'lookup/lookup.ts',
    text: 'if (answered === reachable) {',
    by: 'if (answered === reachable || this.#followUp) {'
  },
  {
    name: 'ignore the α limit',
    file: 'lookup/lookup.ts',
    text: 'return this.#waiting < width ? next : undefined',
    by: 'return width > 0 ? next : undefined'
  },
  {
    name: 'never widen when stalled',
    file: 'lookup/lookup.ts',
    text: 'return this.#fruitless >= this.#config.alpha',
    by: 'return this.#fruitless > 1e9'
  },
  {
    name: 'accept itself as a candidate',
    file: 'lookup/lookup.ts',
    text: 'if (peer.contact.head === self.head && isSamePeer(peer.contact, self)) {',
    by: 'if (peer.contact.head === self.head && peer.contact.id === undefined) {'
  },
  {
    name: 'end with k - 1 peers',
    file: 'lookup/lookup.ts',
    text: "if (phases[row] === 'answered' && closest.length < this.#config.k) {",
    by: "if (phases[row] === 'answered' && closest.length < this.#config.k - 1) {"
  },
  {
    name: 'list whoever failed',
    file: 'lookup/lookup.ts',
    text: "if (phases[row] === 'answered' && closest.length < this.#config.k) {",
    by: "if (phases[row] !== 'heard' && closest.length < this.#config.k) {"
  },
  {
    name: 'take every answer for progress',
    file: 'lookup/lookup.ts',
    text: 'this.#fruitless = progress ? 0 : this.#fruitless + 1',
    by: 'this.#fruitless = progress || this.#answers > 0 ? 0 : this.#fruitless + 1'
  },
  {
    name: 'wait for nobody on the approach',
    file: 'lookup/lookup.ts',
    text: 'this.#followUp ||= answered === beta && reachable === beta',
    by: 'this.#followUp ||= answered === 1 && reachable === 1 && beta > 0'
  },
  {
    name: 'count whom an answer names as where the answer came from',
    file: 'lookup/lookup.ts',
    text: '(this.#candidates.hops[row] as number) + 1',
    by: '(this.#candidates.hops[row] as number)'
  },
  {
    name: 'go on when the peer is found',
    file: 'lookup/lookup.ts',
    text: "this.#ended = 'found'",
    by: ''
  },
  {
    name: 'begin with less of the table',
    file: 'lookup/pool.ts',
    text: 'return this.#table.closest(target.key, limits.closerPeersRead)',
    by: 'return this.#table.closest(target.key, 3)'
  },
  {
    name: 'never end a lookup by its time',
    file: 'lookup/pool.ts',
    text: 'if (now >= lookup.deadline) {',
    by: 'if (now >= lookup.deadline + 1e9) {'
  },
  {
    name: 'let disjoint paths ask the same peer',
    file: 'lookup/disjoint.ts',
    text: 'if (claim === undefined || mayBeAt(claim, peer)) {',
    by: "if (claim === undefined || claim.phase === 'answered') {"
  },
  {
    name: 'ask again where nobody was',
    file: 'lookup/lookup.ts',
    text: '} else if (nobodyAt.every(place => leadsElsewhere(place, peer.addresses))) {',
    by: '} else if (this.#requests < 400) {'
  }
]

const requests: readonly Mutant[] = [
  {
    name: 'never call a request late',
    file: 'requests.ts',
    text: "this.#out.push({ type: 'late', request: row })",
    by: ''
  },
  {
    name: 'call a request late too late',
    file: 'requests.ts',
    text: 'const deadline = now + limits.openTimeout',
    by: 'const deadline = now + limits.openTimeout + 3_000'
  },
  {
    name: 'wait no longer than necessary for nobody',
    file: 'timeout.ts',
    text: 'this.#mean + 4 * this.#deviation',
    by: 'this.#mean + 1 * this.#deviation + 5_000'
  },
  {
    name: 'count who is late as failed',
    file: 'kademlia.ts',
    text: "this.#operations.handle(now, { type: 'late', op: purpose, peer: to })",
    by: "this.#operations.handle(now, { type: 'failed', op: purpose, peer: to, reason: 'timeout' })"
  },
  {
    name: 'forget to say that a request is abandoned',
    file: 'kademlia.ts',
    text: "this.#out.push({ type: 'abandon', rpc })\n      this.#failed",
    by: 'this.#failed'
  },
  {
    name: 'leave requests open at the stop',
    file: 'kademlia.ts',
    text: '    this.#abandon(() => true)\n',
    by: ''
  },
  {
    name: 'answer after the stop',
    file: 'kademlia.ts',
    text: "this.#out.push({ type: 'refuse', call: input.call, reason: 'stopped' })",
    by: 'this.#request(input)'
  }
]

const table: readonly Mutant[] = [
  {
    name: 'evict live peers for new ones',
    file: 'upkeep/include.ts',
    text: '    if (this.#table.hasRoom(peer.contact) && this.#groupsAllow(peer)) {',
    by: `    const [live] = this.#table.closest(peer.contact.key, 1)
    if (live !== undefined && !this.#table.hasRoom(peer.contact)) {
      this.#table.remove(live.contact)
    }
    if (this.#table.hasRoom(peer.contact) && this.#groupsAllow(peer)) {`
  },
  {
    name: 'evict whoever has been silent, unasked',
    file: 'upkeep/probe.ts',
    text: '    this.#due.sort(',
    by: '    for (const { peer } of this.#due.splice(0)) {\n      this.#remove(peer.contact)\n    }\n\n    this.#due.sort('
  },
  {
    name: 'evict after one failure',
    file: 'upkeep/probe.ts',
    text: '>= limits.failuresToEvict',
    by: '>= 1'
  },
  {
    name: 'blame others while offline',
    file: 'upkeep/probe.ts',
    text: 'if (sent <= this.#lastAnswer) {',
    by: 'if (sent <= this.#lastAnswer || sent < Infinity) {'
  },
  {
    name: 'keep dead peers',
    file: 'upkeep/probe.ts',
    text: '>= limits.failuresToEvict',
    by: '>= 1e9'
  },
  {
    name: 'never probe',
    file: 'upkeep/probe.ts',
    text: 'return Math.max(heard + limits.probeAfter, tried + limits.probeRetryAfter)',
    by: 'return heard + limits.probeAfter * limits.probeRetryAfter'
  },
  {
    name: 'count failures of one moment as two',
    file: 'upkeep/probe.ts',
    text: 'if (sent <= before || !this.#table.has(contact)) {',
    by: 'if (before === Infinity || !this.#table.has(contact)) {'
  },
  {
    name: 'believe every closer peer',
    file: 'kademlia.ts',
    text: "this.#upkeep.handle(now, { type: 'answered', peer, roundTrip })",
    by: `this.#upkeep.handle(now, { type: 'answered', peer, roundTrip })
    for (const named of message.closer) {
      this.#upkeep.handle(now, { type: 'restored', peer: named, heard: now, roundTrip })
    }`
  },
  {
    name: 'put k + 1 peers into a bucket',
    file: 'table/table.ts',
    text: 'return index < keyBits && this.bucketCount(index) < this.bucketSize',
    by: 'return index < keyBits && this.bucketCount(index) <= this.bucketSize'
  },
  {
    name: 'ignore the limits on address groups',
    file: 'upkeep/include.ts',
    text: 'if (!this.#config.limitGroups) {',
    by: 'if (!this.#config.limitGroups || known.length === 0) {'
  },
  {
    name: 'believe the crowd of one group in an answer',
    file: 'groups.ts',
    text: '<= limits.groupPerReply',
    by: '<= 1_000',
    given: { nodes: 100, limitGroups: true, sybils: 10, sybilGroups: 1, tables: 'converged' }
  }
]

const answers: readonly Mutant[] = [
  {
    name: 'answer in no order',
    file: 'serve.ts',
    text: '? found\n',
    by: '? found.reverse()\n'
  },
  {
    name: 'name the asker',
    file: 'serve.ts',
    text: 'const found = table.closest(target.key, k, from)',
    by: 'const found = table.closest(target.key, k)'
  },
  {
    name: 'name k - 1 peers',
    file: 'serve.ts',
    text: 'const found = table.closest(target.key, k, from)',
    by: 'const found = table.closest(target.key, k - 1, from)'
  },
  {
    name: 'take a key for its distance',
    file: 'key.ts',
    text: 'return a ^ b ^ 0x80000000',
    by: 'return b ^ 0x80000000'
  },
  {
    name: 'walk the buckets in the wrong order',
    file: 'table/table.ts',
    text: 'if (this.#differs(difference, target, i)) {',
    by: 'if (!this.#differs(difference, target, i)) {'
  },
  {
    name: 'answer as a client',
    file: 'serve.ts',
    text: "if (serving.mode === 'client') {",
    by: 'if (serving.mode === undefined) {'
  }
]

const upkeep: readonly Mutant[] = [
  {
    name: 'never refresh',
    file: 'upkeep/refresh.ts',
    text: 'return (this.#next ??= this.#firstDue())',
    by: 'return (this.#next ??= this.#firstDue() + Infinity)'
  },
  {
    name: 'refresh all buckets at once',
    file: 'upkeep/refresh.ts',
    text: 'if (this.#table.size === 0 || this.#running.size >= limits.refreshLookups) {',
    by: 'if (this.#table.size === 0) {'
  },
  {
    name: 'look itself up once and never again',
    file: 'upkeep/bootstrap.ts',
    text: 'this.#periodic = now + ',
    by: 'this.#periodic = Infinity + '
  },
  {
    name: 'give up after the first bootstrap',
    file: 'upkeep/bootstrap.ts',
    text: 'this.#retry = now + this.#backoff',
    by: 'this.#retry = Infinity',
    given: { bootstrapInterval: 0, tables: 'join', connections: true }
  },
  {
    name: 'keep checks in mind after the stop',
    file: 'upkeep/include.ts',
    text: '        this.#resting.clear()\n',
    by: ''
  },
  {
    name: 'take nobody in who serves',
    file: 'upkeep/include.ts',
    text: 'if (this.#queue.has(id) || this.#queue.size < limits.includeQueue) {',
    by: 'if (this.#queue.has(id)) {'
  }
]

export const mutants: readonly Mutant[] = [...lookups, ...requests, ...table, ...answers, ...upkeep]
