/** Whether a daemon that is to end by itself still gets on with its work. */

import type { ServiceStatus } from './service-status.ts'

/** How often it is looked at: little beside the time that it may stand still. Unit: ms. */
const lookIntervalMs = 250

/** What it needs. */
export interface StallOptions {
  /** How long nothing may have been taken or delivered. */
  readonly timeoutMs: number
  status(): ServiceStatus
  onStall(): void
}

/** Begins to look; the function that it returns ends that. */
export function watchForStall({ timeoutMs, status, onStall }: StallOptions): () => void {
  let progress = ''
  let since = performance.now()
  const timer = setInterval(() => {
    const found = progressOf(status())
    if (found !== progress) {
      progress = found
      since = performance.now()
    } else if (performance.now() - since >= timeoutMs) {
      clearInterval(timer)
      onStall()
    }
  }, lookIntervalMs)
  return () => clearInterval(timer)
}

function progressOf({ pipelines }: ServiceStatus): string {
  return Object.values(pipelines)
    .flatMap(({ total_processed, sinks }) => [
      total_processed,
      ...sinks.flatMap(({ total_delivered, total_dropped }) => [total_delivered, total_dropped]),
    ])
    .join()
}
