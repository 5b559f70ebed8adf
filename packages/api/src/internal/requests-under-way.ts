/** Requests that are being answered: what they ask of the store ends when their client leaves, or the service stops. */

import { setMaxListeners } from 'node:events'
import type { ServerResponse } from 'node:http'
import { Problem, stopping } from './problem.ts'

/** Nobody is there to be answered; nginx's number for it, so that it is told apart in counts. */
const clientLeft = new Problem(400, 'the client has left')

export class RequestsUnderWay {
  readonly #streams = new Set<AbortController>()
  readonly #others = new Set<AbortController>()
  #whenNone: (() => void) | undefined
  #isStopping = false

  /** A signal for one request, until its answer has ended. */
  add(res: ServerResponse, isStream: boolean): AbortSignal {
    if (this.#isStopping) throw stopping
    const controller = new AbortController()
    // Whoever waits for the reader of a body listens, each time.
    setMaxListeners(0, controller.signal)
    const requests = isStream ? this.#streams : this.#others
    requests.add(controller)
    res.once('close', () => {
      requests.delete(controller)
      if (!res.writableFinished) controller.abort(clientLeft)
      if (this.#streams.size + this.#others.size === 0) this.#whenNone?.()
    })
    return controller.signal
  }

  /** Takes no more, ends streams, and resolves once the others are answered; they are cut after `drainTimeoutMs`. */
  async stop(drainTimeoutMs: number): Promise<void> {
    this.#isStopping = true
    for (const controller of this.#streams) controller.abort(stopping)
    if (this.#streams.size + this.#others.size === 0) return
    const none = new Promise<void>((resolve) => {
      this.#whenNone = resolve
    })
    const cut = (): void => {
      for (const controller of this.#others) controller.abort(stopping)
    }
    const timer = drainTimeoutMs === Infinity ? undefined : setTimeout(cut, drainTimeoutMs)
    await none
    clearTimeout(timer)
  }
}
