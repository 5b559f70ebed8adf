/** Contestants that read something and write a file, which can be compared with what it should be. */

import { join } from 'node:path'
import { areIdentical, countLines } from './compare-files.ts'
import type { Contestant, Role } from './contest.ts'
import type { LogFile } from './log-text.ts'
import { MeasuredProcess } from './measured-process.ts'

/** One that copies, and how it is run. */
export interface Copying {
  readonly name: string
  readonly role: Role
  /** The program, e.g. `pipelines/file-to-file`. */
  readonly script: string
  /** A file, or a directory. */
  readonly input: string
  /** What should come out; undefined when the form of the output is its own, and only lines can be counted. */
  readonly expected: LogFile | undefined
  /** What else the program is told. */
  readonly task?: object
  /** Whether it goes on following the file, and has to be told that nothing more is written. */
  readonly follows?: boolean
  readonly missing?: string | undefined
}

/** The contestant. */
export function copying({ name, role, script, input, expected, task, follows = false, missing }: Copying): Contestant {
  return {
    name,
    role,
    missing,
    async run(directory) {
      const output = join(directory, 'out.log')
      const child = new MeasuredProcess(script, { input, directory, output, ...task })
      try {
        if (follows) {
          await child.next()
          child.say('over')
        }
        const measurement = await child.result()
        const identical = expected && areIdentical(output, expected.path)
        return { ...measurement, delivered: countLines(output).lines, identical }
      } finally {
        await child.end()
      }
    },
  }
}
