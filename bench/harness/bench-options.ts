/** The command line of `pnpm bench`. */

import { tmpdir } from 'node:os'
import { parseArgs } from 'node:util'

/** What the bench is asked to do. */
export interface BenchOptions {
  readonly quick: boolean
  /** Parts of names: of scenarios, and of micro suites as `micro/<suite>`. None: everything. */
  readonly only: readonly string[]
  readonly rounds: number
  readonly megabytes: number
  /** Where inputs and outputs are made, and removed. */
  readonly directory: string
  /** Where RESULTS.md and results/ are written; undefined: the results are printed only. */
  readonly out: string | undefined
  readonly list: boolean
  readonly help: boolean
}

/** What `--help` prints. */
export const usage = `Measures LogWisp beside its peers: pnpm bench [options]

  --only <name>       only scenarios whose name contains this, e.g. file-include, micro/; may be repeated
  --rounds <n>        runs of each contestant (default 5; with --quick 1)
  --megabytes <n>     size of the input (default 224; with --quick 8)
  --directory <path>  where inputs and outputs are made (default the system's temporary directory)
  --out <path>        where RESULTS.md and results/ are written (default: this package, but nowhere when only a part
                      was measured, or not at full size)
  --quick             everything small: to see that it runs, not how fast
  --list              the names of the scenarios
`

/** Reads the arguments. Throws an error that says what is wrong with them. */
export function readOptions(args: readonly string[], packageDirectory: string): BenchOptions {
  const { values } = parseArgs({
    args: args.filter((arg) => arg !== '--'),
    options: {
      only: { type: 'string', multiple: true, default: [] },
      rounds: { type: 'string' },
      megabytes: { type: 'string' },
      directory: { type: 'string', default: tmpdir() },
      out: { type: 'string' },
      quick: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  const { quick, only, directory, list, help } = values
  const isWhole = !quick && only.length === 0 && values.megabytes === undefined
  return {
    quick,
    only,
    rounds: count('rounds', values.rounds, quick ? 1 : 5),
    megabytes: count('megabytes', values.megabytes, quick ? 8 : 224),
    directory,
    // Results that say nothing, or a part of them, must not take the place of the kept ones by accident.
    out: values.out ?? (isWhole ? packageDirectory : undefined),
    list,
    help,
  }
}

function count(name: string, text: string | undefined, standard: number): number {
  if (text === undefined) return standard
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new Error(`--${name} must be a whole number of at least 1, got ${text}`)
  return Number(text)
}
