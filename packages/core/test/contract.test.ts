/** Core's own stages keep the contract that every stage must keep. */

import { PassThrough, type Writable } from 'node:stream'
import { describe, test } from 'vitest'
import { EntryWritable, entryTransform, fanOut, memoryBuffer, merge } from '../src/index.ts'
import {
  type CollectingSink,
  type ContractCheck,
  collectingSink,
  filterContract,
  givingSource,
  RecordingTracker,
  sampleLines,
  sinkContract,
  sourceContract,
} from '../src/testing.ts'

function keeps(name: string, contract: readonly ContractCheck[]): void {
  describe(name, () => {
    for (const check of contract) test(check.name, check.run)
  })
}

const lines = sampleLines(400)

class Discarding extends EntryWritable {
  protected override consume(): void {}
}

class Waiting extends EntryWritable {
  protected override consume(): Promise<void> {
    return new Promise((resolve) => setImmediate(resolve))
  }
}

keeps(
  'EntryWritable',
  sinkContract(() => new Discarding()),
)
keeps(
  'EntryWritable that takes its time',
  sinkContract(() => new Waiting()),
)
keeps(
  'collectingSink',
  sinkContract(() => collectingSink(), {
    received: (sink) => sink.messages,
    makeFailing: () => collectingSink({ failWith: new Error('full'), failAfterEntries: 100 }),
    makeStuck: () => collectingSink({ held: true }),
  }),
)

keeps(
  'givingSource of entries',
  sourceContract(() => givingSource(new RecordingTracker().entries(lines)), { messages: lines, rereads: true }),
)
keeps(
  'givingSource of batches',
  sourceContract(() => givingSource([new RecordingTracker().batch(lines)]), { messages: lines, rereads: true }),
)
keeps(
  'givingSource that waits',
  sourceContract(() => givingSource(later()), { messages: lines, rereads: true }),
)
async function* later() {
  const tracker = new RecordingTracker()
  for (const line of lines) {
    await new Promise((resolve) => setImmediate(resolve))
    yield tracker.batch([line])
  }
}

keeps(
  'entryTransform that selects',
  filterContract(() => entryTransform({ entry: (entry) => (entry.message.includes('e') ? entry : undefined) }), {
    expected: (entries) => entries.filter(({ message }) => message.includes('e')),
  }),
)
keeps(
  'entryTransform that changes',
  filterContract(
    () =>
      entryTransform({
        entry: (entry) => (entry.message === '' ? undefined : { ...entry, message: `> ${entry.message}` }),
      }),
    {
      expected: (entries) =>
        entries.filter(({ message }) => message !== '').map((entry) => ({ ...entry, message: `> ${entry.message}` })),
    },
  ),
)

for (const whenFull of ['block', 'drop-newest', 'drop-oldest'] as const) {
  keeps(
    `memoryBuffer, ${whenFull}`,
    filterContract(() => memoryBuffer({ whenFull, maxEntries: 500 }), {
      expected: (entries) => entries,
      maxHeldEntries: 530,
    }),
  )
}
keeps(
  'memoryBuffer of one entry',
  filterContract(() => memoryBuffer({ maxEntries: 1 }), { expected: (entries) => entries, maxHeldEntries: 20 }),
)

const halves = () => [lines.slice(0, 150), lines.slice(150)] as const
keeps(
  'merge',
  sourceContract(
    () => {
      const [a, b] = halves()
      return merge([
        givingSource([new RecordingTracker('a').batch(a)]),
        [givingSource(new RecordingTracker('b').entries(b)), new PassThrough({ objectMode: true })],
      ])
    },
    { messages: { a: halves()[0], b: halves()[1] }, rereads: true },
  ),
)
keeps(
  'merge of one',
  sourceContract(() => merge([givingSource([new RecordingTracker().batch(lines)])]), {
    messages: lines,
    rereads: true,
  }),
)

interface TwoCollectors extends Writable {
  readonly collectors: readonly CollectingSink[]
}
const twoBranches = (takes: readonly ('entries' | 'batches')[], options: Parameters<typeof fanOut>[1] = {}) => {
  const collectors = takes.map((takes) => collectingSink({ takes }))
  return Object.assign(fanOut(collectors, options), { collectors }) as TwoCollectors
}
const received = ({ collectors }: TwoCollectors) =>
  collectors.flatMap(({ messages }, index) => (index === 0 ? messages : []))
keeps(
  'fanOut',
  sinkContract(() => twoBranches(['batches', 'entries']), {
    received,
    makeFailing: () => {
      const good = collectingSink()
      return Object.assign(fanOut([good, collectingSink({ failWith: new Error('full'), failAfterEntries: 50 })]), {
        collectors: [good],
      })
    },
    makeStuck: () => Object.assign(fanOut([collectingSink(), collectingSink({ held: true })]), { collectors: [] }),
  }),
)
keeps(
  'fanOut of a chain',
  sinkContract(
    () => {
      const sink = collectingSink()
      return Object.assign(
        fanOut([
          [entryTransform({ entry: (entry) => entry }), sink],
          [
            async function* (entries) {
              yield* entries
            },
            collectingSink(),
          ],
        ]),
        { collectors: [sink] },
      ) as TwoCollectors
    },
    { received },
  ),
)
keeps(
  'fanOut that drops when full',
  sinkContract(() => twoBranches(['entries', 'batches'], { perBranch: { whenFull: 'drop-oldest' } }), { received }),
)
