/** Threads that read, and the calls that wait for one of them. */

import { LogwispError } from '@logwisp/core'
import { startThread, type Thread, threadUrl } from '../thread/start-thread.ts'
import type { ReaderCalls, ReaderData } from './reader-calls.ts'

export interface LaneOptions {
  readonly path: string
  readonly threads: number
  /** Calls that wait; further new ones fail with `STORE_BUSY`. */
  readonly maxWaiting: number
  /** The file of the thread. */
  readonly url?: URL | undefined
}

export interface LaneCallOptions {
  readonly signal?: AbortSignal | undefined
  /** Goes on with what was begun: it waits its turn even when no new call would be taken. @default false */
  readonly isContinued?: boolean | undefined
  /** Lets calls that are not so go first: nobody looks at a page and waits for it. @default false */
  readonly isPatient?: boolean | undefined
}

interface Job {
  readonly run: (thread: Thread<ReaderCalls>) => Promise<unknown>
  readonly reject: (error: unknown) => void
}

/** Each thread has one call at a time: further ones wait here, where those that are not wanted any more can leave. */
export class ReaderLane {
  readonly #options: LaneOptions
  readonly #idle: Thread<ReaderCalls>[] = []
  readonly #threads = new Set<Thread<ReaderCalls>>()
  readonly #prompt: Job[] = []
  readonly #patient: Job[] = []
  #isClosed = false

  constructor(options: LaneOptions) {
    this.#options = options
  }

  /**
   * Runs a call in the next thread that is free. In the order of asking, but see `isPatient`.
   *
   * @throws LogwispError `STORE_BUSY`, `STORE_CLOSED`; `STORE_FAILED` when the thread died, which is replaced; what the call
   * throws; the signal's reason.
   */
  call<Name extends keyof ReaderCalls>(
    name: Name,
    argument: Parameters<ReaderCalls[Name]>[0],
    options: LaneCallOptions = {},
  ): Promise<ReturnType<ReaderCalls[Name]>> {
    const { signal, isContinued = false, isPatient = false } = options
    return new Promise((resolve, reject) => {
      if (this.#isClosed) return reject(closedError())
      if (signal?.aborted) return reject(signal.reason)
      const waiting = isPatient ? this.#patient : this.#prompt
      if (!isContinued && !this.#hasFreeThread && this.#waiting >= this.#options.maxWaiting)
        return reject(this.#busyError())

      const onAbort = (): void => {
        const index = waiting.indexOf(job)
        if (index < 0) return
        waiting.splice(index, 1)
        reject(signal?.reason)
      }
      const job: Job = {
        reject: (error) => {
          signal?.removeEventListener('abort', onAbort)
          reject(error)
        },
        run: async (thread) => {
          signal?.removeEventListener('abort', onAbort)
          try {
            resolve((await thread.call(name, argument as never, { signal })) as ReturnType<ReaderCalls[Name]>)
          } catch (error) {
            reject(this.#threads.has(thread) || this.#isClosed ? error : diedError(error))
          }
        },
      }
      signal?.addEventListener('abort', onAbort, { once: true })
      waiting.push(job)
      this.#next()
    })
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    for (const job of [...this.#prompt.splice(0), ...this.#patient.splice(0)]) job.reject(closedError())
    await Promise.all([...this.#threads].map((thread) => thread.close()))
  }

  get #waiting(): number {
    return this.#prompt.length + this.#patient.length
  }

  get #hasFreeThread(): boolean {
    return this.#idle.length > 0 || this.#threads.size < this.#options.threads
  }

  #next(): void {
    while (this.#waiting > 0 && this.#hasFreeThread && !this.#isClosed) {
      const job = (this.#prompt.shift() ?? this.#patient.shift()) as Job
      const thread = this.#idle.pop() ?? this.#start()
      void job.run(thread).finally(() => {
        if (this.#threads.has(thread)) this.#idle.push(thread)
        this.#next()
      })
    }
  }

  #start(): Thread<ReaderCalls> {
    const { path, url = threadUrl('reader-thread', import.meta.url) } = this.#options
    const thread = startThread<ReaderCalls>(url, {
      name: 'logwisp-store-reader',
      data: { path } satisfies ReaderData,
      onFailed: () => {
        // Its call fails; the next one starts another.
        this.#threads.delete(thread)
        const index = this.#idle.indexOf(thread)
        if (index >= 0) this.#idle.splice(index, 1)
      },
    })
    this.#threads.add(thread)
    return thread
  }

  #busyError(): LogwispError {
    const message = `${this.#waiting} queries wait for a reader already: ask again later, or raise \`readers\` or \`maxWaitingQueries\``
    return new LogwispError('STORE_BUSY', message)
  }
}

function closedError(): LogwispError {
  return new LogwispError('STORE_CLOSED', 'the store is closed: open it again to ask it')
}

function diedError(cause: unknown): LogwispError {
  const reason = (cause as Error).message
  return new LogwispError(
    'STORE_FAILED',
    `the thread that looked it up died (${reason}); another takes its place: ask again`,
    { cause },
  )
}
