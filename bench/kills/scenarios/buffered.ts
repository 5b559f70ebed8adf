/** What the scenarios of buffers share: a sink behind them that is always some lines late, and what comes out of it. */

import { once } from 'node:events'
import { readdir } from 'node:fs/promises'
import { type Duplex, Readable, Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { acknowledge, type Batch, type LogEntry } from '@logwisp/core'
import type { Verdict } from '../kill-scenario.ts'
import { checkLines, type LineTracker, lineCount, lineOf } from '../numbered-lines.ts'

/** After how many lines the sink has them safe, and acknowledges them. */
const acknowledgedTogether = 5

/** Lines that are written together, by turns as entries and as batches. */
const together = [1, 3, 2]

/** All lines from one on, as entries and batches. */
export function* itemsFrom(from: number, tracker: LineTracker): Generator<LogEntry | Batch> {
  for (let number = from, turn = 0; number <= lineCount; turn++) {
    const count = Math.min(together[turn % together.length] as number, lineCount - number + 1)
    yield tracker.item(number, count)
    number += count
  }
}

/** Carries everything through a buffer, which then has closed. */
export async function carry(from: Parameters<typeof Readable.from>[0], buffer: Duplex, sink: Writable): Promise<void> {
  const closed = once(buffer, 'close')
  await pipeline(Readable.from(from), buffer, sink)
  await closed
}

/** A sink that has some lines safe at a time: what it was given and had not, dies with it. */
export function lateSink(delivered: (entry: LogEntry) => void): Writable {
  let waiting: LogEntry[] = []
  const settle = (): void => {
    for (const entry of waiting) delivered(entry)
    const last = waiting.at(-1)
    waiting = []
    if (last !== undefined) acknowledge(last)
  }
  return new Writable({
    objectMode: true,
    write(entry: LogEntry, _encoding, done) {
      waiting.push(entry)
      if (waiting.length >= acknowledgedTogether) settle()
      setImmediate(done)
    },
    final(done) {
      settle()
      done()
    },
  })
}

/** The number of an entry's line, as it is told. */
export function numberOf({ message }: LogEntry): number {
  return Number(message.slice(0, 4))
}

/** Everything that arrived, in two lives, and whether an id is that of two lines. */
export class Arrived {
  readonly #messages: string[]
  #problem: string | undefined
  readonly #ids = new Map<string, string>()

  constructor(delivered: readonly number[]) {
    this.#messages = delivered.map(lineOf)
  }

  readonly add = ({ message, origin }: LogEntry): void => {
    this.#messages.push(message)
    const id = origin?.id ?? ''
    if ((this.#ids.get(id) ?? message) !== message) this.#problem = `${id} is the id of two lines`
    this.#ids.set(id, message)
  }

  /** What it comes to; `leftOver` is what is still on the disk, and should not be. */
  verdict(leftOver: readonly string[]): Verdict {
    const { isDisordered, ...check } = checkLines(this.#messages)
    const left = leftOver.length === 0 ? undefined : `left over: ${leftOver.join(' ')}`
    return { ...check, problem: this.#problem ?? (isDisordered ? 'lines are not in their order' : left) }
  }
}

/** What a buffer has left in its directory, when it has not let go of it. */
export async function leftLocked(directory: string): Promise<readonly string[]> {
  const names = await readdir(directory)
  return names.includes('.lock') ? names : []
}
