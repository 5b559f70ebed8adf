import { createReadStream, createWriteStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { pipeline } from 'node:stream/promises'
import { encodeEntry } from '@logwisp/core'
import type { Contestant, Role, RunResult, Scenario } from '../harness/contest.ts'
import { MeasuredProcess } from '../harness/measured-process.ts'

/** 66 MB of lines at full size. */
const share = 0.3

/** The first line's; the others follow it a ms apart. */
const firstTime = Date.UTC(2026, 10, 21, 12)

export const httpToNothing: Scenario = {
  name: 'http-to-nothing',
  question: 'throughput',
  title: 'NDJSON by HTTP, a thousand lines a request on four connections, parsed and checked; nobody keeps it.',
  async prepare(workshop) {
    const log = workshop.log(share)
    const input = join(workshop.directory, 'http-to-nothing.ndjson')
    const messages = createInterface({ input: createReadStream(log.path), crlfDelay: Infinity })
    await pipeline(messages, asJson, createWriteStream(input))
    const { size } = await stat(input)
    const sends = { input, lines: log.lines }
    const script = 'pipelines/http-to-nothing'
    return {
      bytes: size,
      lines: log.lines,
      contestants: [
        receiving({ ...sends, name: 'LogWisp', role: 'logwisp', script, options: {} }),
        receiving({
          ...sends,
          name: 'LogWisp, as it comes',
          role: 'logwisp',
          script,
          options: { whenInvalid: 'skip' },
        }),
        receiving({ ...sends, name: 'LogWisp, delivered', role: 'logwisp', script, options: { respond: 'delivered' } }),
        receiving({
          ...sends,
          name: 'bare node:http, JSON.parse',
          role: 'limit',
          script: 'peers/http-loop',
          options: {},
        }),
      ],
    }
  },
}

async function* asJson(messages: AsyncIterable<string>): AsyncGenerator<string> {
  let number = 0
  for await (const message of messages) {
    number++
    const fields = { region: 'eu-1', status: 200 + (number % 4), ms: 12.5 }
    yield `${encodeEntry({ time: firstTime + number, source: '/var/log/app.log', level: 'info', message, fields })}\n`
  }
}

interface Receiving {
  readonly name: string
  readonly role: Role
  readonly script: string
  readonly options: object
  readonly input: string
  readonly lines: number
}

function receiving({ name, role, script, options, input, lines }: Receiving): Contestant {
  return {
    name,
    role,
    async run(): Promise<RunResult> {
      const server = new MeasuredProcess(script, { lines, options })
      const children = [server]
      try {
        const { port } = await server.next<{ port: number }>()
        const senders = new MeasuredProcess('actors/http-senders', {
          port,
          input,
          clients: 4,
          linesPerRequest: 1000,
          headers: {},
        })
        children.push(senders)
        await senders.next()
        server.say('begin')
        senders.say('begin')
        await senders.next()
        return await server.result<{ delivered: number }>()
      } finally {
        await Promise.all(children.map((child) => child.end()))
      }
    },
  }
}
