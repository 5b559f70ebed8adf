/** What is promised where entries wait for a sink: into its buffer, and out of it. */

import type { BufferConfig } from '../config/schema.ts'
import { always, counted, type Guarantee, guaranteeBy, type Rule } from './guarantee.ts'

type OnDisk = Extract<BufferConfig, { directory: string }>

/** When what a buffer on the disk has taken is done for the sources, in words that follow "once". */
export function safeWhen({ fsync, fsync_interval_ms }: OnDisk): string {
  if (fsync === 'never') return 'written'
  return fsync === 'always' ? 'synced, at each write' : `synced, every ${fsync_interval_ms} ms`
}

const droppedWhenFull = ({ when_full }: BufferConfig): string =>
  `the ${when_full === 'drop-newest' ? 'newest' : 'oldest'} are dropped, and counted`

const damaged = (): readonly string[] => [
  'entries on a damaged place of the disk: they are passed over, counted, and told with file and position. Look at the disk',
]

const intoMemory: readonly Rule<Extract<BufferConfig, { type: 'memory' }>>[] = [
  {
    applies: ({ when_full }) => when_full !== 'block',
    strength: 'drops',
    words: (buffer) =>
      `when ${counted(buffer.max_entries)} entries or ${counted(buffer.max_bytes)} bytes wait in memory, ${droppedWhenFull(buffer)}`,
    stronger: 'say `when_full = "block"` in the buffer, which makes the pipeline wait instead',
  },
  {
    applies: always,
    strength: 'at-least-once',
    words: ({ max_entries, max_bytes }) =>
      `up to ${counted(max_entries)} entries or ${counted(max_bytes)} bytes wait in memory, then the pipeline waits; none of them is done for its source before the sink has it`,
  },
]

const ontoDisk: readonly Rule<OnDisk>[] = [
  {
    applies: ({ when_full }) => when_full !== 'block',
    strength: 'drops',
    words: (buffer) => `when ${counted(buffer.max_size_mb)} MB wait on the disk, ${droppedWhenFull(buffer)}`,
    stronger: 'say `when_full = "block"` in the buffer, which makes the pipeline wait instead',
    except: damaged,
  },
  {
    applies: ({ fsync }) => fsync === 'never',
    strength: 'conditional',
    words: ({ max_size_mb }) =>
      `done for its source once written: safe when the program crashes, not when the machine does; up to ${counted(max_size_mb)} MB wait, then the pipeline waits`,
    stronger: 'say `fsync = "interval"` in the buffer',
    except: damaged,
  },
  {
    applies: ({ type }) => type === 'spill',
    strength: 'at-least-once',
    words: (buffer) =>
      `up to ${counted((buffer as Extract<BufferConfig, { type: 'spill' }>).max_entries)} entries wait in memory, done once the sink has them; what comes then goes to the disk, done once ${safeWhen(buffer)}; beyond ${counted(buffer.max_size_mb)} MB the pipeline waits`,
    except: damaged,
  },
  {
    applies: always,
    strength: 'at-least-once',
    words: (buffer) =>
      `done for its source once ${safeWhen(buffer)}; up to ${counted(buffer.max_size_mb)} MB wait on the disk, over crashes and restarts too; then the pipeline waits`,
    except: damaged,
  },
]

/** What is promised into a buffer. */
export function bufferGuarantee(buffer: BufferConfig): Guarantee {
  return (buffer.type === 'memory' ? guaranteeBy(intoMemory, buffer) : guaranteeBy(ontoDisk, buffer)) as Guarantee
}

const outOf: readonly Rule<OnDisk>[] = [
  {
    applies: always,
    strength: 'at-least-once',
    words: 'removed from the disk once the sink has it, and given again from there after a crash, with the same ids',
  },
]

/** What is promised out of a buffer; undefined where the one into it says all. */
export function drainGuarantee(buffer: BufferConfig): Guarantee | undefined {
  return buffer.type === 'memory' ? undefined : guaranteeBy(outOf, buffer)
}

/** A buffer in a few words. */
export function bufferLabel(buffer: BufferConfig): string {
  return buffer.type === 'memory' ? 'memory buffer' : `${buffer.type} buffer ${buffer.directory}`
}
