import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { areIdentical, countLines } from '../harness/compare-files.ts'
import type { Contestant, Role, RunResult, Scenario } from '../harness/contest.ts'
import type { LogFile } from '../harness/log-text.ts'
import { MeasuredProcess } from '../harness/measured-process.ts'
import { whyMissing } from '../harness/programs.ts'

/** 112 MB of lines at full size. */
const share = 0.5

export const tcpToFile: Scenario = {
  name: 'tcp-to-file',
  question: 'throughput',
  title: 'Lines over one TCP connection into a file, as they are. The start of the daemons is in their time.',
  async prepare(workshop) {
    const log = workshop.log(share)
    const { quick } = workshop.sizes
    return {
      bytes: log.bytes,
      lines: log.lines,
      contestants: [
        receiving('LogWisp', 'logwisp', 'pipelines/tcp-to-file', log),
        receiving('bare node:net, split', 'limit', 'peers/tcp-loop', log),
        daemon('rsyslog', 'peers/rsyslog-tcp', log, quick, whyMissing('rsyslogd', '-v')),
        daemon('syslog-ng', 'peers/syslog-ng-tcp', log, quick, whyMissing('syslog-ng')),
      ],
    }
  },
}

function receiving(name: string, role: Role, script: string, log: LogFile): Contestant {
  return {
    name,
    role,
    async run(directory) {
      const output = join(directory, 'out.log')
      const server = new MeasuredProcess(script, { directory, output, lines: log.lines })
      const children = [server]
      try {
        const { port } = await server.next<{ port: number }>()
        const sender = new MeasuredProcess('actors/line-sender', { port, input: log.path })
        children.push(sender)
        await sender.next()
        server.say('begin')
        sender.say('begin')
        await sender.next()
        return outcome(await server.result(), output, log)
      } finally {
        await Promise.all(children.map((child) => child.end()))
      }
    },
  }
}

/** Told where to listen, since it cannot say. */
function daemon(name: string, script: string, log: LogFile, quick: boolean, missing: string | undefined): Contestant {
  return {
    name,
    role: 'peer',
    missing,
    async run(directory) {
      const output = join(directory, 'out.log')
      const port = await freePort()
      const sender = new MeasuredProcess('actors/line-sender', { port, input: log.path })
      const children = [sender]
      try {
        await sender.next()
        const server = new MeasuredProcess(script, { port, directory, output, outputBytes: log.bytes, quick })
        children.push(server)
        sender.say('begin')
        await server.next()
        await sender.next()
        server.say('over')
        return outcome(await server.result(), output, log)
      } finally {
        await Promise.all(children.map((child) => child.end()))
      }
    },
  }
}

function outcome(measurement: Omit<RunResult, 'delivered'>, output: string, log: LogFile): RunResult {
  return { ...measurement, delivered: countLines(output).lines, identical: areIdentical(output, log.path) }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
