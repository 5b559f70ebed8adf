/** `pnpm fuzz`: requests, lines and frames that are wrong in every way, against every stage that serves. */

import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { fuzzUsage, readFuzzOptions } from './fuzz/fuzz-options.ts'
import { fuzz } from './fuzz/fuzz-run.ts'
import { Progress } from './harness/progress.ts'

const program = fileURLToPath(new URL(`./fuzz/target${extname(import.meta.url)}`, import.meta.url))
const progress = new Progress(process.stderr)

try {
  const options = readFuzzOptions(process.argv.slice(2))
  if (options.help) process.stdout.write(fuzzUsage)
  else {
    const { text, isClean } = await fuzz(program, options, (what) => progress.step(what))
    progress.clear()
    process.stdout.write(`${text}\n`)
    process.exitCode = isClean ? 0 : 1
  }
} catch (error) {
  progress.clear()
  process.stderr.write(`${(error as Error).message}\n`)
  process.exitCode = 1
}
