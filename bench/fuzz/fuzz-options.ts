/** The command line of `pnpm fuzz`. */

import { parseArgs } from 'node:util'
import { type TargetName, targetNames } from './session.ts'

/** What is asked for. */
export interface FuzzOptions {
  readonly cases: number
  readonly seed: number
  /** Only this connection, to see a failure again. */
  readonly session: number | undefined
  readonly targets: readonly TargetName[]
  /** Connections at once. */
  readonly connections: number
  readonly help: boolean
}

/** What `--help` prints. */
export const fuzzUsage = `Fuzzes every stage that serves: pnpm --filter @logwisp/bench fuzz [options]

  --cases <n>        requests, lines and frames in all (default 100000)
  --seed <n>         where chance begins (default 1): the same cases for the same seed
  --connections <n>  connections at once (default 24)
  --target <name>    only this one; may be repeated: ${targetNames.join(', ')}
  --session <n>      only this connection of the seed's, with all that was sent and answered: to see a failure again
`

/** Reads the arguments. Throws an error that says what is wrong with them. */
export function readFuzzOptions(args: readonly string[]): FuzzOptions {
  const { values } = parseArgs({
    args: args.filter((arg) => arg !== '--'),
    options: {
      cases: { type: 'string', default: '100000' },
      seed: { type: 'string', default: '1' },
      connections: { type: 'string', default: '24' },
      target: { type: 'string', multiple: true, default: [] },
      session: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  })
  const targets = values.target.map((name) => {
    const found = targetNames.find((one) => one === name)
    if (found === undefined) throw new Error(`--target must be one of ${targetNames.join(', ')}, got ${name}`)
    return found
  })
  return {
    cases: count('cases', values.cases),
    seed: count('seed', values.seed),
    session: values.session === undefined ? undefined : count('session', values.session),
    targets: targets.length === 0 ? targetNames : targets,
    connections: count('connections', values.connections),
    help: values.help,
  }
}

function count(name: string, text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new Error(`--${name} must be a whole number, got ${text}`)
  return Number(text)
}
