/** The starting thread's end: calls that a thread answers, and what it tells by itself. */

import { extname } from 'node:path'
import { type TransferListItem, Worker } from 'node:worker_threads'
import { LogwispError } from '@logwisp/core'
import { unpackError } from './packed-error.ts'
import type { CallMessage, ThreadCalls, ThreadMessage } from './thread-messages.ts'

export interface ThreadOptions<Notice> {
  /** Who it is, in errors and in profilers. */
  readonly name: string
  /** What it finds in `workerData`. */
  readonly data?: unknown
  readonly onNotice?: ((notice: Notice) => void) | undefined
  /** It ended by itself: every call fails with the same error, now and later. */
  readonly onFailed?: ((error: LogwispError) => void) | undefined
}

export interface CallOptions {
  /** Sets the call's cancel flag. The call then ends with the signal's reason, as soon as the thread has seen it. */
  readonly signal?: AbortSignal | undefined
  /** What is handed over instead of copied. */
  readonly transfer?: readonly TransferListItem[] | undefined
}

/** A thread that was started. It keeps the process alive while a call is unanswered, and not otherwise. */
export interface Thread<Calls extends ThreadCalls<Calls>> {
  /**
   * @throws what the thread threw: a `LogwispError` keeps its code. `STORE_FAILED` when the thread died, `STORE_CLOSED`
   * when it was closed. With the signal's reason when that came first.
   */
  call<Name extends keyof Calls & string>(
    name: Name,
    argument: Parameters<Calls[Name]>[0],
    options?: CallOptions,
  ): Promise<Awaited<ReturnType<Calls[Name]>>>
  /** Calls that are unanswered. */
  readonly calls: number
  /** Ends it at once; calls that are unanswered fail with `STORE_CLOSED`. */
  close(): Promise<void>
}

/** The file of a thread beside the asking file, with the extension that this has: source, ESM or CommonJS. */
export function threadUrl(name: string, ownUrl: string): URL {
  return new URL(`./${name}${extname(new URL(ownUrl).pathname)}`, ownUrl)
}

/** Starts the thread in the file at `url`, which calls `serveThread`. */
export function startThread<Calls extends ThreadCalls<Calls>, Notice = never>(
  url: URL,
  options: ThreadOptions<Notice>,
): Thread<Calls> {
  return new WorkerThread<Calls, Notice>(url, options)
}

interface Call {
  readonly resolve: (result: never) => void
  readonly reject: (error: unknown) => void
  readonly signal: AbortSignal | undefined
  readonly onAbort: (() => void) | undefined
}

class WorkerThread<Calls extends ThreadCalls<Calls>, Notice> implements Thread<Calls> {
  readonly #worker: Worker
  readonly #name: string
  readonly #options: ThreadOptions<Notice>
  readonly #calls = new Map<number, Call>()
  #lastCall = 0
  #ended: LogwispError | undefined

  constructor(url: URL, options: ThreadOptions<Notice>) {
    this.#name = options.name
    this.#options = options
    this.#worker = new Worker(url, {
      name: options.name,
      workerData: options.data,
      execArgv: process.execArgv.filter((argument) => !isForTextOnly(argument)),
    })
    this.#worker.unref()
    this.#worker.on('message', (message: ThreadMessage) => this.#take(message))
    this.#worker.on('error', (cause) => this.#fail(cause))
    this.#worker.on('exit', (code) => this.#fail(new Error(`the thread ended with code ${code}`)))
  }

  get calls(): number {
    return this.#calls.size
  }

  call<Name extends keyof Calls & string>(
    name: Name,
    argument: Parameters<Calls[Name]>[0],
    { signal, transfer }: CallOptions = {},
  ): Promise<Awaited<ReturnType<Calls[Name]>>> {
    return new Promise((resolve, reject) => {
      if (this.#ended !== undefined) return reject(this.#ended)
      if (signal?.aborted) return reject(signal.reason)
      const call = ++this.#lastCall
      const cancel = signal === undefined ? undefined : new Int32Array(new SharedArrayBuffer(4))
      const onAbort = cancel && (() => void Atomics.store(cancel, 0, 1))
      const message: CallMessage = { call, name, argument, cancel }
      // Throws when the argument can not be cloned: a fault of the caller's, and nothing has begun yet.
      this.#worker.postMessage(message, transfer)
      if (onAbort) signal?.addEventListener('abort', onAbort, { once: true })
      if (this.#calls.size === 0) this.#worker.ref()
      this.#calls.set(call, { resolve: resolve as Call['resolve'], reject, signal, onAbort })
    })
  }

  async close(): Promise<void> {
    this.#end(new LogwispError('STORE_CLOSED', `${this.#name} was closed before it had answered`))
    await this.#worker.terminate()
  }

  #take(message: ThreadMessage): void {
    if ('notice' in message) return this.#options.onNotice?.(message.notice as Notice)
    const call = this.#calls.get(message.call)
    if (call === undefined) return
    this.#forget(message.call, call)
    if (call.signal?.aborted) call.reject(call.signal.reason)
    else if ('error' in message) call.reject(unpackError(message.error))
    else call.resolve(message.result as never)
  }

  #forget(id: number, { signal, onAbort }: Call): void {
    if (onAbort) signal?.removeEventListener('abort', onAbort)
    this.#calls.delete(id)
    if (this.#calls.size === 0) this.#worker.unref()
  }

  #fail(cause: unknown): void {
    if (this.#ended !== undefined) return
    const message = `${this.#name} ended unexpectedly (${(cause as Error)?.message ?? cause}): close the store and open it again`
    const error = new LogwispError('STORE_FAILED', message, { cause })
    this.#end(error)
    this.#options.onFailed?.(error)
  }

  #end(error: LogwispError): void {
    this.#ended ??= error
    for (const [id, call] of this.#calls) {
      this.#forget(id, call)
      call.reject(error)
    }
  }
}

/** Options of a program that comes as text (`node --input-type=module --eval …`), which no thread from a file may have. */
function isForTextOnly(argument: string): boolean {
  return argument.startsWith('--input-type')
}
