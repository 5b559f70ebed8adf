/** What every command of this package does with its words and with its failures. */

import type { Progress } from './progress.ts'

/** Writes to standard output; 0, the exit status of having said something. */
export function print(text: string): 0 {
  process.stdout.write(text)
  return 0
}

/** Runs a command to its exit status; what it throws is told, and is 1. */
export async function runCommand(main: () => Promise<number>, progress: Progress): Promise<void> {
  try {
    process.exitCode = await main()
  } catch (error) {
    progress.clear()
    process.stderr.write(`${(error as Error).message}\n`)
    process.exitCode = 1
  }
}
