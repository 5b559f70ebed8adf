/** Well-behaved clients of the servers that are fuzzed: whatever the others do, they are served, and nothing is lost. */

import { once } from 'node:events'
import { Agent, get, request as httpRequest, type IncomingMessage } from 'node:http'
import { connect, type Socket } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { quantile } from '../harness/statistics.ts'
import { httpLimits } from './http-requests.ts'
import type { Ledger } from './ledger.ts'
import { markedText } from './marks.ts'

/** The connections of neighbours are numbered from here. */
const firstSession = 1e9
const sendEveryMs = 20
const settleTimeoutMs = 20_000

interface Neighbour {
  readonly name: string
  /** Does one thing, if that is its way, and resolves once it is done. */
  step(number: number): Promise<void>
  end(): Promise<void>
}

/** All of them. */
export class Neighbours {
  readonly #ports: Readonly<Record<string, number>>
  readonly #ledger: Ledger
  readonly #onFault: (fault: string) => void
  readonly #latenciesMs = new Map<string, number[]>()
  readonly #all: Neighbour[] = []
  readonly #loops: Promise<void>[] = []
  #isEnding = false

  constructor(ports: Readonly<Record<string, number>>, ledger: Ledger, onFault: (fault: string) => void) {
    this.#ports = ports
    this.#ledger = ledger
    this.#onFault = onFault
  }

  /** Connects them; from now on they work. */
  async begin(): Promise<void> {
    const { httpSource, tcpSource, sseSink } = this.#ports
    if (httpSource !== undefined) this.#all.push(this.#poster(httpSource))
    if (tcpSource !== undefined) this.#all.push(await this.#sender(tcpSource))
    if (sseSink !== undefined) this.#all.push(await this.#viewer(sseSink))
    for (const one of this.#all) this.#loops.push(this.#work(one))
  }

  /** Ends them, and looks whether all that they sent has arrived. */
  async end(): Promise<void> {
    this.#isEnding = true
    await Promise.all(this.#loops)
    const startedMs = performance.now()
    const sessions = this.#all.map((_, index) => firstSession + index)
    const lacking = (): number[] => sessions.flatMap((session) => this.#ledger.lacking(session))
    while (lacking().length > 0 && performance.now() - startedMs < settleTimeoutMs) await wait(5)
    if (lacking().length > 0) this.#onFault(`${lacking().length} entries of well-behaved neighbours were lost`)
    const ends = this.#all.map((one) =>
      withDeadline(one.end()).catch(({ message }: Error) => this.#onFault(`the neighbour ${one.name}: ${message}`)),
    )
    await Promise.all(ends)
  }

  /** How they fared. */
  summary(): string {
    const told = [...this.#latenciesMs].map(([name, all]) => {
      const [middle, late, worst] = [0.5, 0.99, 1].map((at) => quantile(all, at).toFixed(1))
      return `${name} ${all.length} times, p50 ${middle} ms, p99 ${late} ms, at most ${worst} ms`
    })
    return told.join('; ') || 'none'
  }

  async #work(one: Neighbour): Promise<void> {
    const latencies: number[] = []
    this.#latenciesMs.set(one.name, latencies)
    for (let number = 0; !this.#isEnding; number++) {
      const startedMs = performance.now()
      try {
        await withDeadline(one.step(number))
      } catch (error) {
        this.#onFault(`the neighbour ${one.name}: ${(error as Error).message}`)
        return
      }
      latencies.push(performance.now() - startedMs)
      await wait(sendEveryMs)
    }
  }

  #nextEntry(session: number, entry: number): string {
    if (entry === 0) this.#ledger.open(session, [], [])
    this.#ledger.decide(session, entry, 'must')
    return markedText({ session, entry }, 'from a neighbour')
  }

  /** Posts one entry at a time, and waits for the answer. */
  #poster(port: number): Neighbour {
    const session = firstSession + this.#all.length
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    return {
      name: 'HTTP',
      step: async (number) => {
        const body = JSON.stringify({ message: this.#nextEntry(session, number) })
        const headers = { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) }
        const request = httpRequest({ port, agent, method: 'POST', path: httpLimits.path, headers })
        request.end(body)
        const [response] = (await once(request, 'response')) as [IncomingMessage]
        response.resume()
        await once(response, 'end')
        if ((response.statusCode ?? 500) >= 300) throw new Error(`was answered ${response.statusCode}`)
      },
      end: async () => agent.destroy(),
    }
  }

  /** Sends one line at a time, and waits for its acknowledgement. */
  async #sender(port: number): Promise<Neighbour> {
    const session = firstSession + this.#all.length
    const socket = connect(port, '127.0.0.1')
    const lines = linesOf(socket)
    socket.write('LOGWISP/1 {"acknowledge":true,"name":"neighbour"}\n')
    const { value: greeting } = await lines.next()
    if (greeting?.startsWith('LOGWISP/1 {"ok":true') !== true)
      throw new Error(`the neighbour's greeting was answered with ${greeting}`)
    return {
      name: 'TCP',
      step: async (number) => {
        socket.write(`${this.#nextEntry(session, number)}\n`)
        let { value } = await lines.next()
        // What was acknowledged before is said again now and then, to show that there is life.
        while (value === `ACK ${number}`) ({ value } = await lines.next())
        if (value !== `ACK ${number + 1}`) throw new Error(`got ${JSON.stringify(value)} for line ${number + 1}`)
      },
      async end() {
        socket.end()
        // Read to its end, since a socket of which something is left never closes.
        for (let rest = await lines.next(); !rest.done; rest = await lines.next());
      },
    }
  }

  /** Looks at the live stream: numbered entries, of which none may be missing or come twice. */
  async #viewer(port: number): Promise<Neighbour> {
    const request = get({ port, path: '/stream', agent: false })
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    const lines = linesOf(response)
    let last: number | undefined
    return {
      name: 'SSE',
      step: async () => {
        for (;;) {
          const { value, done } = await lines.next()
          if (done) throw new Error('the stream ended')
          if (value.startsWith('event: dropped')) throw new Error('was told that it missed entries')
          const number = Number(/^data: .*"message":"flow (\d+)"/.exec(value)?.[1])
          if (Number.isNaN(number)) continue
          if (last !== undefined && number !== last + 1) throw new Error(`got entry ${number} after ${last}`)
          last = number
          return
        }
      },
      end: async () => void response.destroy(),
    }
  }
}

/** A server that hangs must not make us hang. */
async function withDeadline(work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`was not served for ${settleTimeoutMs} ms`)), settleTimeoutMs)
  })
  try {
    await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

async function* linesOf(stream: Socket | IncomingMessage): AsyncGenerator<string, void, void> {
  let rest = ''
  for await (const chunk of stream.setEncoding('utf8')) {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() as string
    yield* lines
  }
}
