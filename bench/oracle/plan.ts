/** What goes wrong, when, and with whom: drawn from a seed before anything runs, so that it can be had again. */

import { Random } from '../fuzz/random.ts'

/** Everything that goes wrong here. */
export const faultKinds = {
  kill: 'a process is killed (SIGKILL) and started again',
  freeze: 'a process is stopped (SIGSTOP) and goes on later',
  stop: 'a process is asked to end (SIGTERM) and started again',
  clock: 'a process sees its clock jump',
  full: 'a disk is full',
  revoke: 'a file or a directory may not be used',
  cut: 'all connections of a link are cut in the middle of what is sent, and refused for a while',
  delay: 'what is sent over a link arrives late',
  silence: 'nothing passes over a link any more, and nobody is told',
  swallow: 'what is sent over a link is taken by nobody; its other end is gone, and one end does not know',
  rotate: 'a log is rotated by renaming, once or several times at once',
  'copy-truncate': 'a log is copied and cut',
  outrun: 'a log is cut, or rotated out of existence, whether it was read or not',
} as const

export type FaultKind = keyof typeof faultKinds

/** One thing that goes wrong. */
export interface PlannedFault {
  /** Since the chaos began. */
  readonly atMs: number
  readonly topology: string
  readonly kind: FaultKind
  /** The name of a process, link, disk, place or log of the topology. */
  readonly target: string
  /** How long it lasts; 0 is a moment. */
  readonly forMs: number
  /** How far a clock is from ours then (s), how late things arrive (ms), how often a log is rotated. */
  readonly amount?: number
}

/** What of a topology can go wrong: the targets of each kind. */
export type Targets = Readonly<Partial<Record<FaultKind, readonly string[]>>>

/** All of it. */
export interface Plan {
  readonly seed: number
  readonly seconds: number
  readonly faults: readonly PlannedFault[]
}

/** Between two faults of one topology. */
const minGapMs = 200
const maxGapMs = 2800

/** How often each kind is drawn, beside the others. */
const shares: Readonly<Record<FaultKind, number>> = {
  kill: 8,
  freeze: 4,
  stop: 2,
  clock: 3,
  full: 4,
  revoke: 4,
  cut: 5,
  delay: 3,
  silence: 3,
  swallow: 3,
  rotate: 6,
  'copy-truncate': 2,
  outrun: 3,
}

/** Nothing lasts longer. */
const longestMs = 8000

/** Draws a plan. What goes wrong in a topology does not depend on which others run beside it. */
export function drawPlan(seed: number, seconds: number, topologies: ReadonlyMap<string, Targets>): Plan {
  const faults: PlannedFault[] = []
  for (const [topology, targets] of topologies) {
    const random = Random.of(seed, numberOf(topology))
    const busyUntilMs = new Map<string, number>()
    let atMs = 0
    for (;;) {
      atMs += random.integer(minGapMs, maxGapMs)
      if (atMs > seconds * 1000) break
      const fault = drawFault(random, atMs, topology, targets)
      // A fault is not put on the same one again while it lasts, but may well be on another beside it.
      const key = `${groupOf[fault.kind] ?? fault.kind} ${fault.target}`
      if ((busyUntilMs.get(key) ?? 0) > atMs) continue
      busyUntilMs.set(key, atMs + fault.forMs)
      faults.push(fault)
    }
  }
  return { seed, seconds, faults: faults.sort((a, b) => a.atMs - b.atMs) }
}

/** Kinds of which one thing can bear only one at a time. */
const groupOf: Readonly<Partial<Record<FaultKind, string>>> = {
  kill: 'process',
  stop: 'process',
  cut: 'link',
  delay: 'link',
  silence: 'link',
  swallow: 'link',
}

function drawFault(random: Random, atMs: number, topology: string, targets: Targets): PlannedFault {
  const table = (Object.keys(shares) as FaultKind[]).flatMap((kind) =>
    targets[kind] === undefined || targets[kind].length === 0 ? [] : [[shares[kind], kind] as const],
  )
  const kind = random.weighted(table)
  const target = random.pick(targets[kind] as readonly string[])
  const head = { atMs, topology, kind, target }
  switch (kind) {
    case 'kill':
    case 'stop':
      return { ...head, forMs: random.pick([0, 0, 300, 1000, 3000]) }
    case 'freeze':
      return { ...head, forMs: random.pick([200, 1000, 4000, longestMs]) }
    case 'clock':
      return { ...head, forMs: 0, amount: random.pick([-7200, -3600, -60, -5, 0, 5, 60, 3600, 7200]) }
    case 'full':
    case 'revoke':
    case 'silence':
    case 'swallow':
      return { ...head, forMs: random.integer(500, 6000) }
    case 'cut':
      return { ...head, forMs: random.pick([0, 0, 500, 3000]) }
    case 'delay':
      return { ...head, forMs: random.integer(1000, longestMs), amount: random.pick([20, 200, 1500]) }
    case 'rotate':
      return { ...head, forMs: 0, amount: random.pick([1, 1, 2, 5]) }
    case 'copy-truncate':
      return { ...head, forMs: 0 }
    case 'outrun':
      return { ...head, forMs: 0, amount: random.pick([1, 4]) }
  }
}

/** A number of a name, which is the same whichever others there are. */
function numberOf(name: string): number {
  let number = 0
  for (const character of name) number = Math.imul(number, 31) + (character.codePointAt(0) as number)
  return number >>> 0
}

/** Reads a plan that was written before, by itself or in the result of a run; throws with what is wrong with it. */
export function readPlan(text: string, topologies: ReadonlyMap<string, Targets>): Plan {
  const written = JSON.parse(text) as Plan & { readonly plan?: Plan }
  const plan = written.plan ?? written
  if (!Array.isArray(plan.faults) || !(plan.seconds > 0)) throw new Error('a plan has `seed`, `seconds` and `faults`')
  for (const { topology, kind, target } of plan.faults) {
    if (topologies.get(topology)?.[kind as FaultKind]?.includes(target) !== true)
      throw new Error(`the plan has ${kind} of ${topology}'s ${target}: there is no such thing in what was asked for`)
  }
  return plan
}
