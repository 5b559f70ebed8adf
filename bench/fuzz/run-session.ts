/** Sends one fuzzed connection, and judges what comes back. */

import { connect, type Socket } from 'node:net'
import { AnswerReader } from './answer-reader.ts'
import type { Ledger } from './ledger.ts'
import type { Answer, FuzzCase, FuzzSession } from './session.ts'

/** After the last byte of a request that leaves the server waiting for more: how long until the client says its end. */
const patienceMs = 30

/** Nothing here takes as long, on a busy machine either: what does hangs. */
const deadlineMs = 20_000

/** What a line protocol answers is kept up to here. */
const maxReceivedChars = 100_000

/** How a connection went. */
export interface Verdict {
  /** What was wrong; none is right. */
  readonly faults: readonly string[]
  /** Cases that were sent, and answered where they have an answer. */
  readonly cases: number
  /** How often each status was answered. */
  readonly statuses: ReadonlyMap<number | 'none', number>
  readonly ms: number
}

/** Runs it; resolves when the connection is closed and what has to arrive has arrived, or when its time is over. */
export async function runSession(session: FuzzSession, port: number, ledger: Ledger): Promise<Verdict> {
  const startedMs = performance.now()
  const { cases, number } = session
  ledger.open(
    number,
    cases.flatMap((one) => one.entries.map((entry) => [entry, one.fate] as const)),
    session.strays,
    session.torn,
  )
  ledger.expectStrays(session.dueStrays ?? [])
  const dialog = new Dialog(session, ledger)
  await dialog.run(port)
  // What was answered with a success may still be on its way to us.
  while (ledger.lacking(number).length > 0 && performance.now() - startedMs < deadlineMs) await tick()
  const lacking = ledger.lacking(number)
  if (lacking.length > 0) dialog.faults.push(`entries ${lacking.join(', ')} were lost`)
  ledger.close(number)
  return { faults: dialog.faults, cases: dialog.cases, statuses: dialog.statuses, ms: performance.now() - startedMs }
}

function tick(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 2))
}

class Dialog {
  readonly faults: string[] = []
  readonly statuses = new Map<number | 'none', number>()
  readonly #session: FuzzSession
  readonly #ledger: Ledger
  readonly #reader = new AnswerReader()
  /** The cases by the answers that they are to get, in order. */
  readonly #awaited: FuzzCase[]
  #answered = 0
  #received = ''
  /** The server has said that it takes no more requests on this connection. */
  #isLast = false

  constructor(session: FuzzSession, ledger: Ledger) {
    this.#session = session
    this.#ledger = ledger
    this.#awaited = session.cases.flatMap((one) =>
      one.statuses === undefined ? [] : Array.from({ length: one.answers ?? 1 }, () => one),
    )
  }

  async run(port: number): Promise<void> {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true })
    let isOver = false
    const over = new Promise<void>((resolve) =>
      socket.once('close', () => resolve()).once('close', () => (isOver = true)),
    )
    socket.on('error', () => {})
    socket.on('data', (chunk: Buffer) => this.#take(chunk, socket))
    // A server that has ended its side is answered by the end of ours.
    socket.on('end', () => socket.end())
    const deadline = setTimeout(() => {
      this.faults.push(`no end after ${deadlineMs} ms: ${this.#answered} of ${this.#awaited.length} answers came`)
      socket.destroy()
    }, deadlineMs)
    await this.#send(socket, () => isOver)
    if (this.#session.isLastFatal || this.#session.end !== 'close') this.#endWhenDue(socket)
    else if (this.#answered === this.#awaited.length) socket.end()
    await over
    clearTimeout(deadline)
    this.#judgeSilence()
    this.#judgeReceived()
  }

  async #send(socket: Socket, isOver: () => boolean): Promise<void> {
    const { cases, cuts, isLastFatal } = this.#session
    const all = Buffer.concat(cases.map((one) => one.bytes))
    // Node answers what is no HTTP at once, in place of the requests before it that it has not answered yet: these first.
    const last = isLastFatal ? all.length - (cases.at(-1)?.bytes.length ?? 0) : all.length
    let from = 0
    for (const cut of [...new Set([...cuts, last, all.length])].sort((a, b) => a - b)) {
      while (from >= last && this.#answered < this.#due && !isOver() && !this.#isLast) await tick()
      if (isOver() || this.#isLast) return
      socket.write(all.subarray(from, cut))
      from = cut
      // Without this the pieces would be one again when they arrive.
      if (cut < all.length) await new Promise((resolve) => setImmediate(resolve))
    }
  }

  /** Cases that were judged. What a server has not answered before it closed the connection was not. */
  get cases(): number {
    const { cases } = this.#session
    return cases.length - Math.max(0, this.#awaited.length - this.#answered - (this.#session.isLastFatal ? 1 : 0))
  }

  /** Answers that there have to be before the last request, where that one is fatal. */
  get #due(): number {
    return this.#awaited.length - (this.#session.isLastFatal && this.#session.cases.at(-1)?.statuses ? 1 : 0)
  }

  #endWhenDue(socket: Socket): void {
    if (this.#session.end === 'reset') {
      socket.resetAndDestroy()
      return
    }
    const end = (): void => {
      if (socket.destroyed) return
      if (this.#answered >= this.#due || this.#isLast) socket.end()
      else setTimeout(end, patienceMs)
    }
    setTimeout(end, patienceMs)
  }

  #take(chunk: Buffer, socket: Socket): void {
    let answers: Answer[] = []
    try {
      if (this.#awaited.length > 0)
        answers = this.#reader.take(chunk, (place) => this.#awaited[this.#answered + place]?.isHead ?? false)
    } catch (error) {
      this.faults.push((error as Error).message)
      socket.destroy()
      return
    }
    if (this.#session.judgeReceived !== undefined && this.#received.length < maxReceivedChars) {
      this.#received += chunk.toString('latin1')
    }
    for (const answer of answers) this.#judge(answer)
    const isDone = this.#answered >= this.#awaited.length || this.#isLast
    if (isDone && this.#session.end === 'close') socket.end()
  }

  #judge(answer: Answer): void {
    const one = this.#awaited[this.#answered++]
    this.statuses.set(answer.status, (this.statuses.get(answer.status) ?? 0) + 1)
    if (one === undefined) {
      this.faults.push(`an answer too many: ${answer.status} ${answer.body.slice(0, 200)}`)
      return
    }
    if (this.#isLast) this.faults.push('an answer after one that said it is the last')
    if (answer.headers['connection']?.toLowerCase() === 'close') this.#isLast = true
    const said = `${answer.status} ${JSON.stringify(answer.body.slice(0, 300))}`
    if (one.statuses?.includes(answer.status) !== true) this.faults.push(`${one.name}: answered ${said}`)
    const complaint = one.judge?.(answer)
    if (complaint !== undefined) this.faults.push(`${one.name}: ${complaint}: ${said}`)
    if (one.fate !== 'may') return
    // A refused request is refused as a whole. One that was too much for the server may have been taken in part.
    const fate = answer.status < 300 ? 'must' : answer.status < 500 && answer.status !== 429 ? 'never' : 'may'
    for (const entry of one.entries) this.#ledger.decide(this.#session.number, entry, fate)
  }

  #judgeReceived(): void {
    const complaint = this.#session.judgeReceived?.(this.#received)
    if (complaint !== undefined) this.faults.push(complaint)
  }

  /** A server may close without an answer where the request was beyond repair, and not otherwise. */
  #judgeSilence(): void {
    if (this.#reader.isAmidst && this.#session.end !== 'reset') this.faults.push('an answer that is not whole')
    const silent = this.#awaited.length - this.#answered
    if (silent === 0 || this.#isLast || this.#session.end === 'reset') return
    this.statuses.set('none', (this.statuses.get('none') ?? 0) + silent)
    // After a refusal the connection is closed. What the client still sends then is answered by a reset, which makes its
    // system throw away answers that it had not read yet.
    const isRefused = this.#awaited
      .slice(this.#answered)
      .some(({ statuses = [] }) => statuses.every((one) => one >= 400))
    if (!isRefused && silent > (this.#session.isLastFatal ? 1 : 0)) {
      this.faults.push(`closed without ${silent} answers`)
    }
  }
}
