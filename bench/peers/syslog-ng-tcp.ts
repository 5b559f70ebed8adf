/** syslog-ng: its network source, with the line as it is, its file destination, with flow control. */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { measured } from '../harness/measured.ts'
import { versionOf } from '../harness/programs.ts'
import { type DaemonTask, runDaemon } from '../harness/run-program.ts'

interface Task extends DaemonTask {
  readonly port: number
  readonly directory: string
}

await measured(async ({ port, directory, ...task }: Task) => {
  const version = /\d+\.\d+/.exec(versionOf('syslog-ng') ?? '')?.[0]
  const configuration = join(directory, 'syslog-ng.conf')
  writeFileSync(
    configuration,
    `@version: ${version}
source input { network(ip("127.0.0.1") port(${port}) transport("tcp") flags(no-parse) log-iw-size(10000)); };
destination output { file("${task.output}" template("\${MESSAGE}\\n")); };
log { source(input); destination(output); flags(flow-control); };
`,
  )
  const state = ['-R', join(directory, 'persist'), '-p', join(directory, 'pid'), '-c', join(directory, 'control')]
  return runDaemon('syslog-ng', ['-F', '-f', configuration, ...state], task)
})
