/** How fast entries pass each stage: the difference of two looks at a daemon. */

import type { PipelineStatus, RunState } from '../../pipeline/pipeline-status.ts'
import type { ServiceStatus } from '../../service/service-status.ts'

/** One look. */
export interface Look {
  readonly status: ServiceStatus
  /** When, on a clock that is never put back. Unit: ms. */
  readonly atMs: number
}

/** One stage, or a whole pipeline. */
export interface StageRates {
  readonly kind: 'pipeline' | 'source' | 'limit' | 'filter' | 'sink'
  /** The pipeline's name, or the stage's type. */
  readonly name: string
  readonly state: RunState | undefined
  /** Entries a second; undefined in the first look, and after the stage was made anew. */
  readonly rate: number | undefined
  /** Entries since it runs. */
  readonly total: number
  /** Entries a second that were lost: dropped for want of room, by a limit, or because nobody wants them. */
  readonly dropRate: number | undefined
  readonly dropped: number
  /** Whether what is dropped is so on purpose: by a filter. */
  readonly isChosen: boolean
  /** Entries that wait for it. */
  readonly queued: number | undefined
  /** Bytes of files that are not read yet. */
  readonly lagBytes: number | undefined
  readonly connections: number | undefined
  /** What is not as it should be though it runs, in a few words. */
  readonly trouble: string | undefined
  readonly lastError: string | undefined
}

/** A pipeline and its stages. */
export interface PipelineRates {
  readonly pipeline: StageRates
  readonly stages: readonly StageRates[]
}

/** How pipelines are sorted. */
export const orders = ['rate', 'drops', 'name'] as const

/** One of {@link orders}. */
export type Order = (typeof orders)[number]

/** The rates between two looks; without an earlier one all are undefined. */
export function ratesBetween(before: Look | undefined, now: Look): readonly PipelineRates[] {
  const seconds = before === undefined ? 0 : (now.atMs - before.atMs) / 1000
  // Another process counts from 0.
  const isSame = before?.status.start_time === now.status.start_time && before?.status.pid === now.status.pid
  return Object.entries(now.status.pipelines).map(([name, pipeline]) =>
    pipelineRates(name, isSame ? before?.status.pipelines[name] : undefined, pipeline, seconds),
  )
}

/** Sorted by what is the most first, and then by name. */
export function sorted(pipelines: readonly PipelineRates[], order: Order): readonly PipelineRates[] {
  const key = ({ pipeline }: PipelineRates): number =>
    order === 'name' ? 0 : -((order === 'rate' ? pipeline.rate : pipeline.dropRate) ?? 0)
  return pipelines.toSorted((a, b) => key(a) - key(b) || a.pipeline.name.localeCompare(b.pipeline.name))
}

function pipelineRates(
  name: string,
  before: PipelineStatus | undefined,
  now: PipelineStatus,
  seconds: number,
): PipelineRates {
  const stages: StageRates[] = now.sources.map((source, at) => {
    const then = sameStage(before?.sources[at], source)
    return {
      ...nothing,
      kind: 'source' as const,
      name: source.type,
      state: source.state,
      ...flow(then?.total_entries, source.total_entries, seconds),
      ...losses(then?.total_dropped, source.total_dropped, seconds),
      lagBytes: source.files?.reduce((sum, { lag }) => sum + lag, 0),
      trouble: source.books?.balanced === false ? 'its books do not balance' : undefined,
      connections: source.active_connections,
      lastError: source.last_error,
    }
  })
  if (now.rate_limiter.enabled) {
    stages.push({
      ...nothing,
      kind: 'limit',
      name: 'rate_limit',
      ...flow(before?.total_processed, now.total_processed, seconds),
      ...losses(before?.total_dropped_rate_limit, now.total_dropped_rate_limit, seconds),
    })
  }
  now.filters.filters.forEach((filter, at) => {
    const then = before?.filters.filters[at]
    const same = then?.type === filter.type && then.pattern_count === filter.pattern_count ? then : undefined
    stages.push({
      ...nothing,
      kind: 'filter',
      name: filter.type,
      ...flow(same?.total_processed, filter.total_processed, seconds),
      ...losses(same?.total_dropped, filter.total_dropped, seconds),
      isChosen: true,
    })
  })
  now.sinks.forEach((sink, at) => {
    const then = sameStage(before?.sinks[at], sink)
    stages.push({
      ...nothing,
      kind: 'sink',
      name: sink.type,
      state: sink.state,
      ...flow(then?.total_delivered, sink.total_delivered, seconds),
      ...losses(then?.total_dropped, sink.total_dropped, seconds),
      queued: sink.queue.entries,
      trouble: sink.buffer?.is_full === true ? 'its buffer is full' : undefined,
      connections: sink.active_connections,
      lastError: sink.last_error,
    })
  })
  const lost = stages.filter(({ isChosen }) => !isChosen)
  const known = lost.filter(({ dropRate }) => dropRate !== undefined)
  return {
    pipeline: {
      ...nothing,
      kind: 'pipeline',
      name,
      state: now.state,
      ...flow(before?.total_processed, now.total_processed, seconds),
      dropRate: known.length === 0 ? undefined : known.reduce((sum, { dropRate }) => sum + (dropRate ?? 0), 0),
      dropped: lost.reduce((sum, { dropped }) => sum + dropped, 0),
      lastError: now.last_error,
    },
    stages,
  }
}

const nothing = {
  state: undefined,
  isChosen: false,
  queued: undefined,
  lagBytes: undefined,
  connections: undefined,
  trouble: undefined,
  lastError: undefined,
} as const

/** The stage at the same place, if it is still the same one. */
function sameStage<Stage extends { readonly type: string; readonly start_time: string }>(
  before: Stage | undefined,
  now: Stage,
): Stage | undefined {
  return before?.type === now.type && before.start_time === now.start_time ? before : undefined
}

function flow(before: number | undefined, now: number, seconds: number): Pick<StageRates, 'rate' | 'total'> {
  return { rate: perSecond(before, now, seconds), total: now }
}

function losses(before: number | undefined, now: number, seconds: number): Pick<StageRates, 'dropRate' | 'dropped'> {
  return { dropRate: perSecond(before, now, seconds), dropped: now }
}

function perSecond(before: number | undefined, now: number, seconds: number): number | undefined {
  if (before === undefined || seconds <= 0 || now < before) return undefined
  return (now - before) / seconds
}
