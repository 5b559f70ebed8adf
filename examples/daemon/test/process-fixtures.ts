/** What tests of the daemon as a process share: a directory of its own, daemons that are ended, servers that are slow. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { type DaemonProcess, type DaemonProcessOptions, startDaemonProcess } from './daemon-process.ts'

/** A directory that is removed after the test. */
export async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'logwisp-process-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true, maxRetries: 3 }))
  return directory
}

/** Starts a daemon that the test's end ends, if it has not ended before. */
export function startDaemon(words: readonly string[], options?: DaemonProcessOptions): DaemonProcess {
  const daemon = startDaemonProcess(words, options)
  onTestFinished(async () => {
    daemon.child.kill('SIGKILL')
    await daemon.exit
  })
  return daemon
}

/** Writes `logwisp.toml` with a state directory beside it, and what starts the daemon with it. */
export async function configured(directory: string, toml: string): Promise<readonly string[]> {
  const path = join(directory, 'logwisp.toml')
  await writeFile(path, `state_directory = ${JSON.stringify(join(directory, 'state'))}\n${toml}`)
  return ['--config', path]
}

/** A server for `http_client`. */
export interface Receiver {
  readonly url: string
  /** Every entry that was answered for, in order. */
  readonly messages: string[]
  /** Resolves with the next request. */
  request(): Promise<void>
}

/** Answers each request after so many ms; never with Infinity. */
export async function receiver(delayMs: number): Promise<Receiver> {
  const messages: string[] = []
  const waiting: (() => void)[] = []
  const server: Server = createServer(async (request, response) => {
    for (const wake of waiting.splice(0)) wake()
    let body = ''
    for await (const chunk of request.setEncoding('utf8')) body += chunk
    if (delayMs === Number.POSITIVE_INFINITY) return
    setTimeout(() => {
      for (const { message } of JSON.parse(body) as { message: string }[]) messages.push(message)
      response.writeHead(200).end()
    }, delayMs)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/`,
    messages,
    request: () => new Promise((resolve) => waiting.push(resolve)),
  }
}

/** `line 0` to `line <count - 1>`, each with a line feed. */
export function numbered(count: number): string {
  return Array.from({ length: count }, (_, index) => `line ${index}\n`).join('')
}
