/** The daemon: one directory's files, followed, to everybody who looks at the live page. */

import { once } from 'node:events'
import { mkdir, readFile, stat } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { dirname } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { fanOut, type LogwispError, openCheckpoint } from '@logwisp/core'
import { fileSink, sseSink } from '@logwisp/sinks'
import { directorySource, type FileSource } from '@logwisp/sources'
import type { Settings } from './command-line.ts'
import { loadLivePage } from './live-page.ts'
import { checkpointPath } from './state-directory.ts'

/** A daemon that is running. */
export interface Daemon {
  /** Where its page is, e.g. `http://127.0.0.1:8080/`. */
  readonly url: string
  /** Files that it followed when it had started. */
  readonly files: number
  /** Resolves when everything read was delivered after {@link stop}; rejects when it fails. */
  readonly done: Promise<void>
  /** Stops reading, delivers what was read, keeps the positions, and ends. */
  stop(): void
}

/** Why the daemon cannot start, in words for whoever started it. */
export class StartError extends Error {
  override readonly name = 'StartError'
}

/** What a crash repeats at most: lines delivered since the last save. A save is one small file, synced. */
const saveIntervalMs = 100

/**
 * Starts following and serving. `onWarning` hears of what does not end it: a file that cannot be read, a full disk.
 *
 * @throws StartError when the directory or the port cannot be used
 */
export async function startDaemon(settings: Settings, onWarning: (warning: LogwispError) => void): Promise<Daemon> {
  const { directory, pattern, host, port, stateDirectory, fromBeginning, output } = settings
  await checkDirectory(directory)
  if (output === directory) {
    throw new StartError(
      `--output ${output} is the watched directory: lines would be copied round and round; give another`,
    )
  }
  const page = await loadLivePage()
  let source: FileSource | undefined
  const live = sseSink({
    status: () => ({ directory, pattern, source: source?.stats }),
    // On loopback, only under this machine's own names: a page elsewhere must not read the log by DNS rebinding.
    allowedHosts: host === '127.0.0.1' || host === '::1' || host === 'localhost' ? [host] : 'any',
  })
  live.on('warning', onWarning)
  const server = createServer((request, response) => {
    if (!page(request, response)) live.handler(request, response)
  })
  await listen(server, port, host)

  const path = checkpointPath(stateDirectory, directory)
  await mkdir(dirname(path), { recursive: true })
  const checkpoint = await openCheckpoint(path, { saveIntervalMs })
  checkpoint.on('warning', onWarning)
  source = directorySource(directory, { pattern, checkpoint, startAt: fromBeginning ? 'beginning' : 'end' })
  source.on('warning', onWarning)
  const copy = output === undefined ? undefined : fileSink(output, { name: 'logwisp' })
  copy?.on('warning', onWarning)

  const done = pipeline(source, copy === undefined ? live : fanOut([live, copy])).finally(async () => {
    server.close()
    server.closeAllConnections()
    await checkpoint.close()
  })
  // Whatever ends it before it has begun ends the wait too.
  await Promise.race([once(source, 'ready'), done])
  const { files } = source.stats
  return { url: urlOf(server.address() as AddressInfo), files, done, stop: () => source.stop() }
}

async function checkDirectory(directory: string): Promise<void> {
  const found = await stat(directory).catch((error: NodeJS.ErrnoException) => {
    throw new StartError(
      `cannot watch ${directory}: ${error.code === 'ENOENT' ? 'there is no such directory' : error.message}`,
    )
  })
  if (!found.isDirectory()) throw new StartError(`cannot watch ${directory}: give the directory that the file is in`)
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') {
        reject(new StartError(`port ${port} of ${host} is in use: stop what uses it, or choose another with --port`))
      } else if (error.code === 'EACCES') {
        reject(new StartError(`port ${port} needs more rights than you have: choose one over 1023 with --port`))
      } else if (error.code === 'EADDRNOTAVAIL' || error.code === 'ENOTFOUND') {
        reject(new StartError(`${host} is no address of this machine: choose another with --host`))
      } else reject(error)
    })
    server.listen(port, host, resolve)
  })
}

function urlOf({ address, family, port }: AddressInfo): string {
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}/`
}

/** This package's version. */
export async function ownVersion(): Promise<string> {
  const text = await readFile(new URL('../package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}
