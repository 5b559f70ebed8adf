/** `grep -E` of the system: what a program without a garbage collector can do. */

import { closeSync, openSync } from 'node:fs'
import { measured } from '../harness/measured.ts'
import { runProgram } from '../harness/run-program.ts'

interface Task {
  readonly input: string
  readonly output: string
  readonly pattern: string
}

await measured(async ({ input, output, pattern }: Task) => {
  const file = openSync(output, 'w')
  const program = runProgram('grep', ['-a', '-E', pattern, input], file)
  await program.closed
  closeSync(file)
  return { peakRssBytes: program.peakRssBytes }
})
