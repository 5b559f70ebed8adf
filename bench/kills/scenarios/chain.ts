/** A file that is followed into a file sink, with a checkpoint: all of it at once. */

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { openCheckpoint } from '@logwisp/core'
import { fileSink } from '@logwisp/sinks/file-sink'
import { fileSource } from '@logwisp/sources/file-source'
import type { KillScenario } from '../kill-scenario.ts'
import { checkLines, lineBytes, lineCount, lineOf } from '../numbered-lines.ts'
import { leftOver, linesOf } from './file-sink.ts'

/** How many of the lines are there at the start; the others come one by one. */
const linesBefore = lineCount / 2

/** Runs until everything in the input has come out. */
async function carry(directory: string, input: (carried: () => number) => Promise<void>): Promise<void> {
  const checkpoint = await openCheckpoint(join(directory, 'positions.json'), { saveIntervalMs: 10 })
  const source = fileSource(join(directory, 'in.log'), { checkpoint, startAt: 'beginning', pollIntervalMs: 10 })
  const options = { name: 'app', maxFileBytes: 8 * lineBytes, compress: 'gzip', fsync: 'always' } as const
  const sink = fileSink(join(directory, 'out'), options)
  const carried = pipeline(source, sink)
  await input(() => sink.stats.entriesOut)
  source.stop()
  await carried
  await checkpoint.close()
}

export const chain: KillScenario = {
  name: 'file source, checkpoint, file sink',
  prepare: (directory) => writeFile(join(directory, 'in.log'), textOf(1, linesBefore)),
  async run(directory) {
    // Written by this process, but not below what is counted: the input is another program's.
    await carry(directory, async (carried) => {
      while (carried() < linesBefore) await new Promise((resolve) => setTimeout(resolve, 2))
    })
  },
  async judge(directory) {
    await writeFile(join(directory, 'in.log'), textOf(linesBefore + 1, lineCount), { flag: 'a' })
    await carry(directory, async () => {})
    const { isDisordered, ...check } = checkLines(await linesOf(join(directory, 'out')))
    const problem = isDisordered ? 'lines are not in their order' : await leftOver(join(directory, 'out'))
    return { ...check, problem }
  },
}

function textOf(from: number, to: number): string {
  let text = ''
  for (let number = from; number <= to; number++) text += `${lineOf(number)}\n`
  return text
}
