/** What became of entries at the stages of a pipeline, by the stages' own books. */

import type { FanOut } from '../../fan-out.ts'
import type { BranchReport, PipelineReport, StageReport } from '../../open-pipeline.ts'
import type { StageStats } from '../../stats.ts'

/**
 * `named`: who gives the stages their names, where one of them stands for another. `given`: the books of what gives to the
 * first of them; none for a source.
 */
export function stageReports(
  stages: readonly unknown[],
  named: readonly unknown[] = stages,
  given?: StageStats,
): readonly StageReport[] {
  const all = stages.map(statsOf)
  return Object.freeze(
    stages.map((stage, index) => {
      const stats = all[index]
      const isSource = index === 0 && given === undefined
      const before = index === 0 ? given : all[index - 1]
      const waiting = isSource ? 0 : before && stats && before.entriesOut - stats.entriesIn
      return Object.freeze({ index, name: nameOf(named[index]), stats, waiting, branches: branchReports(stage, stats) })
    }),
  )
}

function branchReports(stage: unknown, stats: StageStats | undefined): readonly BranchReport[] {
  const { branches } = stage as Partial<FanOut>
  const queues = (stats as Partial<FanOut['stats']> | undefined)?.branches
  if (!Array.isArray(branches) || queues === undefined) return none
  return Object.freeze(
    (branches as FanOut['branches']).map(({ name, stages }, index) =>
      branchReport(name, stages, queues[index] as StageStats),
    ),
  )
}

function branchReport(branch: string, stages: readonly unknown[], queue: StageStats): BranchReport {
  return Object.freeze({ branch, queue, stages: stageReports(stages, stages, queue) })
}

const none: readonly BranchReport[] = Object.freeze([])

type Sums = Pick<PipelineReport, 'entriesRead' | 'entriesDelivered' | 'dropped' | 'entriesLeft'>

export function sumReports(stages: readonly StageReport[]): Sums {
  const dropped = new Map<string, number>()
  addDropped(dropped, stages)
  return {
    entriesRead: stages[0]?.stats?.entriesIn ?? 0,
    entriesDelivered: delivered(stages) ?? 0,
    dropped: Object.freeze(Object.fromEntries(dropped)),
    entriesLeft: left(stages),
  }
}

function addDropped(sum: Map<string, number>, stages: readonly StageReport[]): void {
  const add = (stats: StageStats | undefined): void => {
    for (const [reason, entries] of Object.entries(stats?.dropped ?? {})) {
      sum.set(reason, (sum.get(reason) ?? 0) + entries)
    }
  }
  for (const { stats, branches } of stages) {
    add(stats)
    for (const { queue, stages } of branches) {
      add(queue)
      addDropped(sum, stages)
    }
  }
}

/** Undefined for a last stage that keeps no books. */
function delivered(stages: readonly StageReport[]): number | undefined {
  const last = stages.at(-1)
  if (last === undefined || last.branches.length === 0) return last?.stats?.entriesOut
  const all = last.branches.flatMap((branch) => delivered(branch.stages) ?? [])
  return all.length === 0 ? undefined : Math.min(...all)
}

function left(stages: readonly StageReport[]): number {
  let entries = 0
  for (const { stats, waiting, branches } of stages) {
    entries += Math.max(0, waiting ?? 0)
    // What a fan-out holds is in the queues of its branches.
    if (branches.length === 0) entries += stats?.entriesHeld ?? 0
    else entries += Math.max(...branches.map(({ queue, stages }) => queue.entriesHeld + left(stages)))
  }
  return entries
}

function statsOf(stage: unknown): StageStats | undefined {
  const { stats } = stage as { readonly stats?: Partial<StageStats> }
  return typeof stats?.entriesIn === 'number' ? (stats as StageStats) : undefined
}

function nameOf(stage: unknown): string {
  if (typeof stage === 'function') return stage.name === '' ? 'function' : stage.name
  return (stage as object).constructor.name
}
