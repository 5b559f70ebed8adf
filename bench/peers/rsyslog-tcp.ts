/** rsyslog: its TCP input, with the line as it is, its file output. A line that begins with a digit is no length. */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { measured } from '../harness/measured.ts'
import { type DaemonTask, runDaemon } from '../harness/run-program.ts'

interface Task extends DaemonTask {
  readonly port: number
  readonly directory: string
}

await measured(async ({ port, directory, ...task }: Task) => {
  const configuration = join(directory, 'rsyslog.conf')
  writeFileSync(
    configuration,
    `global(workDirectory="${directory}")
module(load="imtcp")
template(name="line" type="string" string="%rawmsg%\\n")
input(type="imtcp" port="${port}" address="127.0.0.1" ruleset="bench" supportOctetCountedFraming="off")
ruleset(name="bench") {
  action(type="omfile" file="${task.output}" template="line" ioBufferSize="64k")
}
`,
  )
  return runDaemon('rsyslogd', ['-n', '-f', configuration, '-i', join(directory, 'rsyslog.pid')], task)
})
