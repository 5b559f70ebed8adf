/** Clients that POST entries with ids, ask for the word of delivery, and try again until they have it. What got a 200 is owed. */

import { Agent, request } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'
import { Random } from '../../fuzz/random.ts'
import type { Stream } from '../debts.ts'
import { type Producer, settleMs } from './producer.ts'

/** Clients that work beside each other. */
const clients = 3

const maxBatchEntries = 60

/** Longer than a server waits for delivery; what hangs then is tried again. */
const requestTimeoutMs = 12_000

/** One client of so many gives up after its first failure: what it sent may arrive or not. */
const impatientPercent = 20

export class HttpProducer implements Producer {
  readonly stream: Stream
  readonly #url: () => string
  readonly #random: Random
  readonly #agent = new Agent({ keepAlive: true })
  readonly #answers = new Map<string, number>()
  #working: Promise<unknown> = Promise.resolve()
  #isOver = false
  #isAbandoned = false
  #giveUpMs = Number.POSITIVE_INFINITY
  #batches = 0

  constructor(stream: Stream, url: () => string, seed: number) {
    this.stream = stream
    this.#url = url
    this.#random = Random.of(seed, stream.number)
  }

  /** How often each status was answered, and each failure without one. */
  get answers(): ReadonlyMap<string, number> {
    return this.#answers
  }

  start(linesPerSecond: number): void {
    const pauseMs = (1000 * clients * (maxBatchEntries / 2)) / linesPerSecond
    this.#working = Promise.all(Array.from({ length: clients }, () => this.#work(pauseMs)))
  }

  async stop(): Promise<void> {
    this.#isOver = true
    this.#giveUpMs = performance.now() + settleMs
    await this.#working
    this.#agent.destroy()
  }

  abandon(): void {
    this.#isOver = true
    this.#isAbandoned = true
    this.#agent.destroy()
  }

  /** A last entry: resolves with its id once it is answered with 200. */
  async last(): Promise<number> {
    const ids = this.#draw(1)
    await this.#deliver(ids, Number.POSITIVE_INFINITY)
    return ids[0] as number
  }

  async #work(pauseMs: number): Promise<void> {
    while (!this.#isOver) {
      const startedMs = performance.now()
      const ids = this.#draw(this.#random.integer(1, maxBatchEntries))
      await this.#deliver(ids, this.#random.percent(impatientPercent) ? 1 : Number.POSITIVE_INFINITY)
      if (!this.#isOver) await wait(Math.max(0, startedMs + pauseMs - performance.now()))
    }
  }

  #draw(count: number): number[] {
    return Array.from({ length: count }, () => this.stream.draw())
  }

  /** The same, with the same key and ids, until it is answered with 200. */
  async #deliver(ids: readonly number[], attempts: number): Promise<void> {
    const body = ids
      .map(
        (id) =>
          `${JSON.stringify({ 'logwisp.id': `o-${this.stream.number}-${id}`, message: this.stream.textOf(id) })}\n`,
      )
      .join('')
    const key = `oracle-${this.stream.number}-${this.#batches++}`
    for (let attempt = 1; attempt <= attempts; attempt++) {
      const answer = await this.#post(body, key).catch(({ code, message }: NodeJS.ErrnoException) => code ?? message)
      this.#answers.set(String(answer), (this.#answers.get(String(answer)) ?? 0) + 1)
      if (answer === 200) {
        this.stream.owe(ids)
        return
      }
      if (this.#isAbandoned || performance.now() > this.#giveUpMs) return
      await wait(this.#random.integer(50, 500))
    }
  }

  #post(body: string, key: string): Promise<number> {
    return new Promise((resolve, reject) => {
      const outgoing = request(
        this.#url(),
        {
          method: 'POST',
          agent: this.#agent,
          headers: {
            'Content-Type': 'application/x-ndjson',
            'Content-Length': Buffer.byteLength(body),
            'Idempotency-Key': key,
            Prefer: 'respond-delivered',
          },
          signal: AbortSignal.timeout(requestTimeoutMs),
        },
        (answer) => {
          // An answer that is not whole is none.
          answer.resume().on('end', () => resolve(answer.statusCode as number))
          answer.on('error', reject)
        },
      )
      outgoing.on('error', reject)
      outgoing.end(body)
    })
  }
}
