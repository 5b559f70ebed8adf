/** The words of `pnpm oracle`. */

import { parseArgs } from 'node:util'

export const oracleUsage = `Everything that can go wrong, for as long as it is let: pnpm --filter @logwisp/bench oracle [options]

  --minutes <n>         how long things go wrong (default 2); the end takes up to a minute more
  --seed <n>            what goes wrong, and when (default: another one each time)
  --topologies <names>  chain, fan-out, store, buffers; with commas (default: all)
  --plan <file>         what goes wrong is read from a file, as --write-plan has written it
  --write-plan <file>   writes what goes wrong, before it begins
  --rate <n>            lines per second, in each topology (default 600)
  --keep                keeps what was written, and says where; so it is when something was lost
  --json <file>         writes the result there
  --page                writes ORACLE.md and results/oracle.json
`

export interface OracleOptions {
  readonly help: boolean
  readonly seconds: number
  readonly seed: number
  readonly topologies: readonly string[] | undefined
  readonly plan: string | undefined
  readonly writePlan: string | undefined
  readonly linesPerSecond: number
  readonly keep: boolean
  readonly json: string | undefined
  readonly page: boolean
}

/** Throws with what is wrong with a word. */
export function readOracleOptions(words: readonly string[]): OracleOptions {
  const { values } = parseArgs({
    args: words.filter((word) => word !== '--'),
    options: {
      minutes: { type: 'string', default: '2' },
      seed: { type: 'string', default: String(Math.floor(Math.random() * 1e9)) },
      topologies: { type: 'string' },
      plan: { type: 'string' },
      'write-plan': { type: 'string' },
      rate: { type: 'string', default: '600' },
      keep: { type: 'boolean', default: false },
      json: { type: 'string' },
      page: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  return {
    help: values.help,
    seconds: positive('--minutes', values.minutes) * 60,
    seed: positive('--seed', values.seed),
    topologies: values.topologies?.split(','),
    plan: values.plan,
    writePlan: values['write-plan'],
    linesPerSecond: positive('--rate', values.rate),
    keep: values.keep,
    json: values.json,
    page: values.page,
  }
}

function positive(name: string, text: string): number {
  const number = Number(text)
  if (!(number > 0)) throw new Error(`${name} must be a number above 0, got ${text}`)
  return number
}
