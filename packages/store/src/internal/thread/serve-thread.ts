/** The started thread's end: answers calls. */

import { parentPort, type TransferListItem } from 'node:worker_threads'
import { packError } from './packed-error.ts'
import type { CallMessage, ThreadCalls, ThreadMessage } from './thread-messages.ts'

/** What is known of a call while it is worked on. */
export interface CallContext {
  /** Whether the caller has left. Reads memory that is shared: true at once, also in the midst of a loop. */
  readonly isCancelled: boolean
  /** @throws Error when the caller has left; nobody sees it. */
  throwIfCancelled(): void
  /** These parts of the result are handed over instead of copied. */
  transfer(...parts: TransferListItem[]): void
}

/** A function for each call. What it throws is the caller's error. A promise lets other calls begin meanwhile. */
export type ThreadHandlers<Calls extends ThreadCalls<Calls>> = {
  readonly [Name in keyof Calls]: (
    argument: Parameters<Calls[Name]>[0],
    context: CallContext,
  ) => ReturnType<Calls[Name]> | Promise<Awaited<ReturnType<Calls[Name]>>>
}

/** What the thread can do by itself. */
export interface ServedThread<Notice> {
  /** Tells the other side something that it did not ask for. */
  notify(notice: Notice, transfer?: readonly TransferListItem[]): void
}

/** Answers the calls of whoever started this thread with `startThread`. */
export function serveThread<Calls extends ThreadCalls<Calls>, Notice = never>(
  handlers: ThreadHandlers<Calls>,
): ServedThread<Notice> {
  const port = parentPort
  if (port === null) throw new Error('this file is a thread of the store: open the store with openStore')
  const send = (message: ThreadMessage, transfer?: readonly TransferListItem[]): void =>
    port.postMessage(message, transfer)

  port.on('message', async ({ call, name, argument, cancel }: CallMessage) => {
    const context = new Context(cancel)
    try {
      // Not awaited when it is no promise: calls end in the order in which they came.
      const given: unknown = handlers[name as keyof Calls](argument as never, context)
      const result = given instanceof Promise ? await given : given
      send({ call, result }, context.parts)
    } catch (error) {
      send({ call, error: packError(error) })
    }
  })
  return { notify: (notice, transfer) => send({ notice }, transfer) }
}

class Context implements CallContext {
  readonly #cancel: Int32Array | undefined
  parts: TransferListItem[] | undefined

  constructor(cancel: Int32Array | undefined) {
    this.#cancel = cancel
  }

  get isCancelled(): boolean {
    return this.#cancel !== undefined && Atomics.load(this.#cancel, 0) !== 0
  }

  throwIfCancelled(): void {
    if (this.isCancelled) throw new Error('the caller has left')
  }

  transfer(...parts: TransferListItem[]): void {
    this.parts = [...(this.parts ?? []), ...parts]
  }
}
