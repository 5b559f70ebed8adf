#!/usr/bin/env node
/** `log-generator <directory>`: writes a sample log until it is interrupted. */

import { Command, InvalidArgumentError } from 'commander'
import { generateLog } from './log-generator.ts'

interface Flags {
  readonly name: string
  readonly rate: number
  readonly burstEvery: number
  readonly burst: number
  readonly maxFileBytes: number
  readonly keep: number
  readonly entries: number
  readonly seed: number
}

function number(value: string): number {
  const parsed = Number(value)
  if (value.trim() === '' || !(parsed >= 0)) throw new InvalidArgumentError('Give a number of at least 0, or Infinity.')
  return parsed
}

const program = new Command('log-generator')
  .description('Writes a log that looks alive, to try things on.')
  .argument('<directory>', 'where the log goes; made when it is missing')
  .option('--name <name>', 'the file is <name>.log', 'shop')
  .option('--rate <entries>', 'entries a second; Infinity for as fast as it goes', number, 8)
  .option('--burst-every <ms>', 'time between bursts, in ms; Infinity for none', number, 15_000)
  .option('--burst <entries>', 'entries in a burst', number, 120)
  .option('--max-file-bytes <bytes>', 'size at which the file is rotated', number, 1_000_000)
  .option('--keep <files>', 'rotated files that are kept', number, 3)
  .option('--entries <count>', 'stop after so many entries', number, Infinity)
  .option('--seed <integer>', 'same seed, same lines', number, 1)
  .parse()

const flags = program.opts<Flags>()
const stop = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort())

const { lines } = await generateLog(program.args[0] as string, {
  name: flags.name,
  entriesPerSecond: flags.rate,
  burstEveryMs: flags.burstEvery,
  burstEntries: flags.burst,
  maxFileBytes: flags.maxFileBytes,
  keepFiles: flags.keep,
  maxEntries: flags.entries,
  seed: flags.seed,
  signal: stop.signal,
})
process.stdout.write(`${lines} lines written\n`)
