/**
 * The ports, for stages that are exchanged at the same time: of two that share a port and change its settings, the first
 * one to come waits until the other has let go of it.
 */

import { setTimeout as wait } from 'node:timers/promises'
import type { PortHost } from '../http/port-host.ts'

/** Longer than a sink that is replaced may take to deliver what it has. */
const patienceMs = 6_000
const retryDelayMs = 20

/** The same ports; `isChanging` says whether stages are being exchanged, so that what fails may go well in a moment. */
export function patientPorts(ports: PortHost, isChanging: () => boolean): PortHost {
  return {
    get listeners() {
      return ports.listeners
    },
    settle: () => ports.settle(),
    close: (deadlineMs) => ports.close(deadlineMs),
    acquire: async (endpoint) => {
      const until = performance.now() + patienceMs
      for (;;) {
        try {
          return await ports.acquire(endpoint)
        } catch (error) {
          if (!isChanging() || performance.now() > until) throw error
        }
        await wait(retryDelayMs)
      }
    },
  }
}
