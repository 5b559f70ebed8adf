/** The resident memory of a process over time, as the system has it. */

import { readFileSync } from 'node:fs'

const lookEveryMs = 200

/** What was seen at one look. */
export interface MemoryLook {
  readonly ms: number
  readonly rssBytes: number
}

/** Looks from the moment that it is made. */
export class MemoryWatch {
  readonly #startedMs = performance.now()
  readonly #looks: MemoryLook[] = []
  readonly #timer: NodeJS.Timeout

  constructor(pid: number) {
    this.#timer = setInterval(() => {
      const rssBytes = rssOf(pid)
      if (rssBytes > 0) this.#looks.push({ ms: Math.round(this.elapsedMs), rssBytes })
    }, lookEveryMs)
  }

  get elapsedMs(): number {
    return performance.now() - this.#startedMs
  }

  /** Looks no more. */
  stop(): readonly MemoryLook[] {
    clearInterval(this.#timer)
    return this.#looks
  }
}

/** 0 when the process is gone. */
function rssOf(pid: number): number {
  try {
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024
  } catch {
    return 0
  }
}
