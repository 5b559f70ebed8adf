/** rsyslog: its file input, one regular expression, its file output. */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { measured } from '../harness/measured.ts'
import { type DaemonTask, runDaemon } from '../harness/run-program.ts'

interface Task extends DaemonTask {
  readonly input: string
  readonly directory: string
  readonly pattern?: string
}

await measured(async ({ input, directory, pattern, ...task }: Task) => {
  const write = `action(type="omfile" file="${task.output}" template="line" ioBufferSize="64k")`
  const configuration = join(directory, 'rsyslog.conf')
  writeFileSync(
    configuration,
    `global(workDirectory="${directory}")
module(load="imfile")
template(name="line" type="string" string="%msg%\\n")
input(type="imfile" file="${input}" tag="bench" ruleset="bench" freshStartTail="off" reopenOnTruncate="on")
ruleset(name="bench") {
  ${pattern === undefined ? write : `if re_match($msg, "${pattern}") then ${write}`}
}
`,
  )
  return runDaemon('rsyslogd', ['-n', '-f', configuration, '-i', join(directory, 'rsyslog.pid')], task)
})
