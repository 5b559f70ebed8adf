/** Lines to try stages on, and every way in which they may come: as entries, as batches, cut anywhere. */

import { setImmediate } from 'node:timers/promises'
import { type Batch, isBatch } from '../batch.ts'
import type { LogEntry } from '../entry.ts'
import { RecordingTracker } from './recording-tracker.ts'

const lineMakers: readonly ((n: number) => string)[] = [
  (n) =>
    `2026-11-21T10:00:${String(n % 60).padStart(2, '0')}.${String(n % 1000).padStart(3, '0')}Z INFO request ${n} took ${n % 97} ms`,
  (n) => `ERROR could not open /var/lib/app/${n}: no such file`,
  () => '',
  (n) => `[WARN] größer als erwartet: ${n} € ✓ 漢字`,
  (n) => `\tat com.example.App.run(App.java:${n})`,
  (n) => `{"level":"debug","msg":"cache miss","n":${n}}`,
  (n) => `plain line ${n} with stderr: ok and no level`,
]

/** `count` different lines as logs have them: with and without level and time, empty, not ASCII. */
export function sampleLines(count: number): string[] {
  return Array.from({ length: count }, (_, n) => (lineMakers[n % lineMakers.length] as (n: number) => string)(n))
}

/** One way in which a batch's lines may come. */
export interface Arrangement {
  readonly name: string
  readonly items: readonly (LogEntry | Batch)[]
}

/** The same lines as entries, as batches, and mixed; what a stage makes of them must not differ. */
export function arrangementsOf(batch: Batch, seed: number): Arrangement[] {
  const random = randomFrom(seed)
  const cuts = cutAtRandom(batch, random)
  return [
    { name: 'as entries', items: [...batch] },
    { name: 'as one batch', items: [batch] },
    { name: 'as batches of one line', items: splitAll(batch, () => 1) },
    { name: 'as batches cut at random', items: cuts },
    {
      name: 'as entries and batches mixed',
      items: cuts.flatMap((part): (LogEntry | Batch)[] => (random() < 0.5 ? [...part] : [part])),
    },
    {
      name: 'as batches with empty ones between them',
      items: cuts.flatMap((part) => [part, part.withoutLines()]),
    },
  ]
}

/** Batches of a source that never ends; each takes a turn of the event loop, so that others get theirs. */
export async function* endlessBatches(): AsyncGenerator<Batch> {
  const tracker = new RecordingTracker()
  const lines = sampleLines(100)
  for (;;) {
    yield tracker.batch(lines)
    await setImmediate()
  }
}

/** The entries that items are. */
export function entriesIn(items: Iterable<LogEntry | Batch>): LogEntry[] {
  const entries: LogEntry[] = []
  for (const item of items) {
    if (isBatch(item)) entries.push(...item)
    else entries.push(item)
  }
  return entries
}

/** A batch cut into parts of 0 to 29 lines. */
export function cutAtRandom(batch: Batch, random: () => number): Batch[] {
  return splitAll(batch, () => Math.floor(random() * 30))
}

function splitAll(batch: Batch, size: () => number): Batch[] {
  const parts: Batch[] = []
  for (let rest = batch; rest.count > 0; ) {
    const [head, tail] = rest.split(size())
    parts.push(head)
    rest = tail
  }
  return parts
}

/** Numbers from 0 up to 1, the same for the same seed (mulberry32). */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
