/** syslog-ng: its file source, one regular expression, its file destination, with flow control. */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { measured } from '../harness/measured.ts'
import { versionOf } from '../harness/programs.ts'
import { type DaemonTask, runDaemon } from '../harness/run-program.ts'

interface Task extends DaemonTask {
  readonly input: string
  readonly directory: string
  readonly pattern?: string
}

await measured(async ({ input, directory, pattern, ...task }: Task) => {
  const version = /\d+\.\d+/.exec(versionOf('syslog-ng') ?? '')?.[0]
  const configuration = join(directory, 'syslog-ng.conf')
  writeFileSync(
    configuration,
    `@version: ${version}
source input { file("${input}" follow-freq(0.1) flags(no-parse)); };
destination output { file("${task.output}" template("\${MESSAGE}\\n")); };
${pattern === undefined ? '' : `filter wanted { match("${pattern}" value("MESSAGE")); };`}
log { source(input); ${pattern === undefined ? '' : 'filter(wanted);'} destination(output); flags(flow-control); };
`,
  )
  const state = ['-R', join(directory, 'persist'), '-p', join(directory, 'pid'), '-c', join(directory, 'control')]
  return runDaemon('syslog-ng', ['-F', '-f', configuration, ...state], task)
})
