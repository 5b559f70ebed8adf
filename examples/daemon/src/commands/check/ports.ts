/** Whether the ports of a configuration can be opened now. */

import { createServer } from 'node:net'
import { type ListeningStage, listeningStages } from '../../config/checks/listening-stages.ts'
import type { Config } from '../../config/schema.ts'
import type { ServiceStatus } from '../../service/service-status.ts'
import { baseUrl } from '../base-url.ts'
import { daemonStatus } from '../daemon-status.ts'
import type { Finding } from '../finding.ts'

/** How long a port that is in use may take to say whether a LogWisp has it. Unit: ms. */
const answerTimeoutMs = 2000

/** Opens each for a moment. One that a running LogWisp has is no problem: it may be the one that is asked about. */
export async function checkPorts(config: Config): Promise<readonly Finding[]> {
  const places = new Map<string, ListeningStage>()
  for (const place of listeningStages(config)) {
    const key = `${place.host} ${place.port}`
    if (place.port !== 0 && !places.has(key)) places.set(key, place)
  }
  const failed: { place: ListeningStage; code: string }[] = []
  for (const place of places.values()) {
    const code = await tryToListen(place)
    if (code !== undefined) failed.push({ place, code })
  }
  const ownPorts = new Map<number, number>()
  for (const { place, code } of failed) {
    if (code !== 'EADDRINUSE' || place.protocol !== 'http') continue
    const status = await runningDaemon(place)
    if (status === undefined) continue
    ownPorts.set(place.port, status.pid)
    for (const { port } of status.listeners ?? []) ownPorts.set(port, status.pid)
  }
  return failed.map(({ place, code }) => finding(place, code, ownPorts.get(place.port)))
}

function finding({ path, host, port }: ListeningStage, code: string, pid: number | undefined): Finding {
  if (pid !== undefined) {
    return { severity: 'notice', path: `${path}.port`, message: `port ${port} is in use by a LogWisp (process ${pid})` }
  }
  switch (code) {
    case 'EADDRINUSE':
      return {
        severity: 'problem',
        path: `${path}.port`,
        message: `port ${port} of ${host} is in use: stop what uses it, choose another, or check with --no-ports`,
      }
    case 'EACCES':
      return {
        severity: 'problem',
        path: `${path}.port`,
        message: `port ${port} may not be opened by this user: choose one from 1024, or give the right to (CAP_NET_BIND_SERVICE)`,
      }
    case 'EADDRNOTAVAIL':
      return { severity: 'problem', path: `${path}.host`, message: `${host} is no address of this machine` }
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return { severity: 'problem', path: `${path}.host`, message: `the name ${host} cannot be resolved` }
    default:
      return { severity: 'problem', path: `${path}.port`, message: `cannot listen on ${host}:${port}: ${code}` }
  }
}

/** Resolves with the system's code for why not. */
function tryToListen({ host, port }: ListeningStage): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(undefined)))
  })
}

/** The status of a LogWisp that answers there; undefined when it is something else, or does not tell us. */
async function runningDaemon({ host, port, ssl }: ListeningStage): Promise<ServiceStatus | undefined> {
  const base = baseUrl({ host, port, isSecure: ssl.enabled })
  // Whoever answers is shown nothing secret, so that it need not prove who it is.
  return await daemonStatus(base, { timeoutMs: answerTimeoutMs, verify: false }).catch(() => undefined)
}
