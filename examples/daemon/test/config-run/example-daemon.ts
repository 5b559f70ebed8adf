/**
 * A daemon that runs one of the example configurations from that very file. Only what belongs to another machine is said
 * otherwise, by flags: its directories are below one of the test, its ports are free ones, its certificates exist, and
 * its far sides are servers of the test.
 */

import { readFileSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, vi } from 'vitest'
import type { Config, SinkConfig, SourceConfig } from '../../src/config/schema.ts'
import type { ServiceStatus } from '../../src/service/service-status.ts'
import { readConfig } from '../config-text.ts'
import { type DaemonProcess, startDaemonProcess } from '../daemon-process.ts'
import { type Certificates, makeCertificates } from './certificates.ts'
import { type Giver, httpReceiver, type Receiver, sseGiver, tcpReceiver, webSocketGiver } from './far-sides.ts'
import { freePort } from './free-ports.ts'

/** Where the examples are. */
export const exampleFolder: string = fileURLToPath(new URL('../../config/', import.meta.url))

/** What a test adds to the file. */
export interface ExampleOptions {
  /** By dotted path, beside what is made for it. */
  readonly flags?: Readonly<Record<string, string>>
  readonly environment?: NodeJS.ProcessEnv
  /** Runs this copy of the file. */
  readonly copy?: string
  /** A directory of its own, removed at the end. */
  readonly temporary?: string
  /** The certificates of another daemon. */
  readonly certificates?: Certificates
}

/** It serves. */
export interface ExampleDaemon {
  /** The file, with its defaults, as it was written: neither ports nor paths are those of the test. */
  readonly config: Config
  /** The directory that stands for `/`, and that it was started in. */
  readonly root: string
  readonly daemon: DaemonProcess
  /** What it wrote to each. */
  readonly written: { readonly stdout: string; readonly stderr: string }
  readonly certificates: Certificates
  /** Where the port of the file is. */
  port(inFile: number): number
  /** By the path of their stage, e.g. `pipelines.0.sinks.1`; one for each address. */
  readonly receivers: ReadonlyMap<string, readonly Receiver[]>
  readonly givers: ReadonlyMap<string, Giver>
  status(): Promise<ServiceStatus>
  /** Ends the servers and what is left of it. */
  close(): Promise<void>
}

/** Starts it; resolves once it is ready. */
export async function startExample(file: string, options: ExampleOptions = {}): Promise<ExampleDaemon> {
  const path = options.copy ?? join(exampleFolder, file)
  const { config, problems } = readConfig(readFileSync(path, 'utf8'), file)
  if (config === undefined) throw new Error(`${file}: ${problems.map(({ message }) => message).join('\n')}`)
  const root = await mkdtemp(join(tmpdir(), 'logwisp-example-'))
  const certificates = options.certificates ?? (await makeCertificates(join(root, 'certificates')))
  const place = new Placement(root, certificates)
  await place.of(config)
  const flags = { ...Object.fromEntries(place.flags), ...options.flags }
  const words = Object.entries(flags).map(([name, value]) => `--${name}=${value}`)
  const readsInput = config.pipelines.some(({ sources }) => sources.some(({ type }) => type === 'stdin'))
  const daemon = startDaemonProcess(['--config', path, ...words], {
    cwd: root,
    environment: { LOGWISP_STATE_DIR: join(root, 'state'), ...options.environment },
    ...(readsInput && { input: 'pipe' }),
  })
  const written = { stdout: '', stderr: '' }
  daemon.child.stdout?.on('data', (text: string) => {
    written.stdout += text
  })
  daemon.child.stderr?.on('data', (text: string) => {
    written.stderr += text
  })
  const base = `http://127.0.0.1:${flags['status.port']}`
  const example: ExampleDaemon = {
    config,
    root,
    daemon,
    written,
    certificates,
    port: (inFile) => place.ports.get(inFile) as number,
    receivers: place.receivers,
    givers: place.givers,
    status: async () => (await (await fetch(`${base}/status`)).json()) as ServiceStatus,
    close: async () => {
      daemon.child.kill('SIGKILL')
      await daemon.exit
      if (config.background) await endInBackground(join(root, 'logwisp.pid'))
      for (const side of [...place.receivers.values()].flat()) side.close()
      for (const giver of place.givers.values()) giver.close()
      for (const directory of [root, options.temporary ?? root]) {
        await rm(directory, { recursive: true, force: true, maxRetries: 3 })
      }
    },
  }
  try {
    await Promise.race([
      vi.waitFor(async () => expect((await fetch(`${base}/readyz`)).status).toBe(200), 30_000),
      daemon.exit.then((code) => {
        if (!config.background || code !== 0) throw new Error(`${file} ended with ${code}:\n${daemon.output()}`)
        return new Promise(() => {})
      }),
    ])
  } catch (error) {
    await example.close()
    throw new Error(`${file} is not ready:\n${daemon.output()}`, { cause: error })
  }
  return example
}

/** One that a test has not ended: its file is gone otherwise. */
async function endInBackground(pidFile: string): Promise<void> {
  const pid = await readFile(pidFile, 'utf8').catch(() => undefined)
  if (pid !== undefined) process.kill(Number(pid), 'SIGKILL')
}

/** Finds a place on this machine for everything that a file names. */
class Placement {
  readonly flags = new Map<string, string>()
  readonly ports = new Map<number, number>()
  readonly receivers = new Map<string, readonly Receiver[]>()
  readonly givers = new Map<string, Giver>()
  readonly #root: string
  readonly #certificates: Certificates

  constructor(root: string, certificates: Certificates) {
    this.#root = root
    this.#certificates = certificates
  }

  async of({ pipelines, status, logging }: Config): Promise<void> {
    this.flags.set('status.port', String(status.port === undefined ? await freePort() : await this.#port(status.port)))
    if (logging.output === 'file' || logging.output === 'both') {
      await this.#directory('logging.file.directory', logging.file.directory)
    }
    for (const [p, { sources, sinks }] of pipelines.entries()) {
      for (const [s, source] of sources.entries()) await this.#stage(`pipelines.${p}.sources.${s}`, source)
      for (const [k, sink] of sinks.entries()) await this.#stage(`pipelines.${p}.sinks.${k}`, sink)
    }
  }

  async #stage(path: string, { type, options }: SourceConfig | SinkConfig): Promise<void> {
    if ('port' in options) this.flags.set(`${path}.options.port`, String(await this.#port(options.port)))
    if ('ssl' in options) this.#tls(`${path}.options.ssl`, options.ssl)
    if (type === 'directory') await this.#directory(`${path}.options.path`, options.path)
    if (type === 'file' && 'directory' in options) {
      await this.#directory(`${path}.options.directory`, options.directory)
    } else if (type === 'file' && 'path' in options) {
      await this.#directory(`${path}.options.path`, options.path, dirname)
    } else if (type === 'sse') {
      await this.#from(path, await sseGiver(), (port) => options.url.replace(/:\d+/, `:${port}`))
    } else if (type === 'websocket' && 'url' in options) {
      await this.#from(path, await webSocketGiver(), (port) => options.url.replace(/:\d+/, `:${port}`))
    } else if (type === 'http_client') {
      await this.#to(`${path}.options.url`, options.url, httpReceiver)
    } else if (type === 'tcp_client' && options.protocol === 'plain') {
      await this.#to(`${path}.options.address`, options.address, tcpReceiver)
    }
  }

  async #port(inFile: number): Promise<number> {
    const port = this.ports.get(inFile) ?? (await freePort())
    this.ports.set(inFile, port)
    return port
  }

  #tls(path: string, ssl: object): void {
    for (const name of ['cert_file', 'key_file', 'ca_file'] as const) {
      if (name in ssl) this.flags.set(`${path}.${name}`, this.#certificates[name])
    }
    if ('client_ca_file' in ssl) this.flags.set(`${path}.client_ca_file`, this.#certificates.ca_file)
  }

  /** A relative one counts from the root anyway: the daemon is started there. */
  async #directory(path: string, named: string, folderOf = (place: string) => place): Promise<void> {
    const place = join(this.#root, named)
    await mkdir(folderOf(place), { recursive: true })
    if (named.startsWith('/')) this.flags.set(path, place)
  }

  async #from(path: string, giver: Giver, address: (port: number) => string): Promise<void> {
    this.givers.set(path, giver)
    this.flags.set(`${path}.options.url`, address(giver.port))
  }

  async #to(path: string, named: string | readonly string[], make: () => Promise<Receiver>): Promise<void> {
    const sides: Receiver[] = []
    const addresses: string[] = []
    for (const address of [named].flat()) {
      const side = await make()
      sides.push(side)
      addresses.push(address.replace(/:\d+/, `:${side.port}`))
    }
    this.receivers.set(path.replace(/\.options\.\w+$/, ''), sides)
    this.flags.set(path, typeof named === 'string' ? (addresses[0] as string) : JSON.stringify(addresses))
  }
}
