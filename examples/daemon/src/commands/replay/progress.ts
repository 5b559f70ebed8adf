/** How far a replay has come, on standard error: one line that changes at a terminal, elsewhere one now and then. */

import type { ReplayStats } from '@logwisp/core'
import { counted } from '../guarantee.ts'
import type { Terminal } from '../invocation.ts'
import { visible } from '../terminal/visible.ts'

/** How often it is told, at a terminal and elsewhere. Unit: ms. */
const intervalsMs = { terminal: 500, elsewhere: 10_000 } as const

/** Tells of it until it is ended. */
export class Progress {
  readonly #stderr: Terminal['stderr']
  readonly #look: () => string
  readonly #timer: NodeJS.Timeout
  #isShown = false

  /** `look` gives the books of the replay, and how many were rejected again. */
  constructor({ stderr }: Pick<Terminal, 'stderr'>, look: () => { stats: ReplayStats; rejected: number }) {
    this.#stderr = stderr
    this.#look = () => progressText(look())
    this.#timer = setInterval(() => this.#show(), stderr.isTTY ? intervalsMs.terminal : intervalsMs.elsewhere)
    this.#timer.unref()
  }

  /** Says something besides. */
  say(text: string): void {
    this.#clear()
    this.#stderr.write(`logwisp: ${visible(text)}\n`)
  }

  /** Nothing more is told. */
  end(): void {
    clearInterval(this.#timer)
    this.#clear()
  }

  #show(): void {
    if (!this.#stderr.isTTY) {
      this.#stderr.write(`logwisp: ${this.#look()}\n`)
      return
    }
    this.#isShown = true
    this.#stderr.write(`\r${this.#look()}\x1b[K`)
  }

  #clear(): void {
    if (this.#isShown) this.#stderr.write('\r\x1b[K')
    this.#isShown = false
  }
}

/** `1,234 replayed, 5 rejected again, 45 %`. */
export function progressText({ stats, rejected }: { readonly stats: ReplayStats; readonly rejected: number }): string {
  const { acknowledged, unacknowledged, bytesDone, bytesTotal } = stats
  const share = bytesTotal === 0 ? 100 : Math.floor((100 * bytesDone) / bytesTotal)
  return [
    `${counted(acknowledged - rejected)} replayed`,
    ...(rejected > 0 ? [`${counted(rejected)} rejected again`] : []),
    ...(unacknowledged > 0 ? [`${counted(unacknowledged)} under way`] : []),
    `${share} %`,
  ].join(', ')
}
