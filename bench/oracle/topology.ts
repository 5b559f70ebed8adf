/** A few programs that hand entries on to each other, everything that can go wrong with them, and who writes and who looks. */

import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, chownSync, mkdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { Random } from '../fuzz/random.ts'
import { ChaosProxy } from './chaos-proxy.ts'
import { Stream, type StreamKind } from './debts.ts'
import type { JudgedSink } from './judged-sink.ts'
import type { Targets } from './plan.ts'
import { AcknowledgedTcpProducer } from './producers/acknowledged-tcp-producer.ts'
import { FileProducer } from './producers/file-producer.ts'
import { HttpProducer } from './producers/http-producer.ts'
import { PlainTcpProducer } from './producers/plain-tcp-producer.ts'
import type { Producer } from './producers/producer.ts'
import { SmallDisk } from './small-disk.ts'
import { nobody, spawnNode, Victim } from './victim.ts'

/** Something that is made of a name: `build` makes it run. */
export interface TopologyKind {
  readonly name: string
  /** For people: the way that entries take. */
  readonly way: string
  /** What can go wrong with it. */
  readonly targets: Targets
  build(topology: Topology): Promise<void>
  /**
   * When everything is right again, and nothing has come for so long, nothing more will.
   *
   * @default 20_000
   */
  readonly stillMs?: number
}

/** What a topology is told. */
export interface TopologyOptions {
  readonly name: string
  readonly directory: string
  readonly seed: number
  /** A name by which all processes of a run can be found. */
  readonly run: string
  /** The number of its first stream; no other topology has one of its. */
  readonly firstStream: number
  /** A process has ended by itself. */
  readonly onEnded: (victim: string, code: number | NodeJS.Signals, said: string) => void
  /** Something for the timeline. */
  readonly onNote: (what: string, whom: string) => void
}

/** Something whose permissions can be revoked and given back. */
interface Place {
  revoke(): void
  restore(): void
}

/** Below those that systems give to connections: a process that starts again must not find its port taken. */
const firstPort = 20_000
const lastPort = 31_999

/** What is asked for once takes no longer. */
const commandTimeoutMs = 60_000

/** A share of the lines for each way in which they are written. */
const shares: Readonly<Record<StreamKind, number>> = {
  file: 0.5,
  'file that is cut': 0.1,
  HTTP: 0.2,
  'TCP with acknowledgement': 0.15,
  'TCP without acknowledgement': 0.05,
}

export class Topology {
  readonly name: string
  readonly directory: string
  readonly victims = new Map<string, Victim>()
  readonly links = new Map<string, ChaosProxy>()
  readonly disks = new Map<string, SmallDisk>()
  /** What may not be used for a while. */
  readonly places = new Map<string, Place>()
  readonly logs = new Map<string, FileProducer>()
  readonly producers: Producer[] = []
  readonly streams: Stream[] = []
  readonly sinks: JudgedSink[] = []
  /** What cannot be tried on this machine, and why. */
  readonly impossible = new Map<string, string>()
  /** Once everything is right again: what an operator does then. Resolves with what there is to complain of. */
  makeGood: () => Promise<readonly string[]> = () => Promise.resolve([])
  readonly #commands = new Set<ChildProcess>()
  readonly #options: TopologyOptions
  readonly #random: Random

  constructor(options: TopologyOptions) {
    this.#options = options
    this.name = options.name
    this.directory = options.directory
    // Ports are this run's, whatever the seed.
    this.#random = new Random(process.pid ^ options.firstStream)
    mkdirSync(this.directory, { recursive: true })
    chmodSync(this.directory, 0o755)
  }

  /** A directory that the processes may write to; its path. */
  folder(name: string): string {
    const path = join(this.directory, name)
    mkdirSync(path, { recursive: true })
    give(path)
    return path
  }

  /** A file for them to read; its path. */
  file(name: string, text: string): string {
    const path = join(this.directory, name)
    writeFileSync(path, text)
    chmodSync(path, 0o644)
    return path
  }

  /** A port that nobody has. */
  async port(): Promise<number> {
    for (;;) {
      const port = this.#random.integer(firstPort, lastPort)
      const server = createServer()
      const isFree = await new Promise<boolean>((resolve) => {
        server.once('error', () => resolve(false)).listen(port, '127.0.0.1', () => resolve(true))
      })
      await new Promise((resolve) => server.close(resolve))
      if (isFree) return port
    }
  }

  victim(name: string, words: readonly string[]): Victim {
    const { run, onEnded, directory } = this.#options
    const victim = new Victim({
      name,
      words,
      directory,
      home: this.folder('home'),
      run,
      onEnded: (code, said) => onEnded(name, code, said),
    })
    this.victims.set(name, victim)
    return victim
  }

  /** Runs a program to its end, or kills it before; what it said, and how it ended. */
  async command(
    words: readonly string[],
    killAfterMs?: number,
  ): Promise<{ readonly code: number | string; readonly said: string }> {
    const { run, directory } = this.#options
    const child = spawnNode({ words, directory, home: this.folder('home'), run }, {}, 'pipe')
    this.#commands.add(child)
    let said = ''
    for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', (text) => (said += text))
    const timer = setTimeout(() => child.kill('SIGKILL'), killAfterMs ?? commandTimeoutMs)
    const [code, signal] = await once(child, 'close')
    clearTimeout(timer)
    this.#commands.delete(child)
    return { code: code ?? signal, said: said.trim() }
  }

  note(what: string, whom: string): void {
    this.#options.onNote(what, whom)
  }

  async link(name: string, targetPort: number): Promise<ChaosProxy> {
    const link = await ChaosProxy.open(name, targetPort)
    this.links.set(name, link)
    return link
  }

  /** A directory on a disk of its own, where that is possible; its path. */
  disk(name: string): string {
    const path = join(this.directory, name)
    const disk = new SmallDisk(path)
    const why = disk.mount()
    if (why === undefined) this.disks.set(name, disk)
    else this.impossible.set(`full ${name}`, why)
    give(path)
    return path
  }

  /** A directory in which nothing may be made or removed for a while. */
  place(name: string, path: string): void {
    this.places.set(name, { revoke: () => chmodSync(path, 0o555), restore: () => chmodSync(path, 0o755) })
  }

  /** A log, which may not be read for a while. */
  log(name: string, kind: 'file' | 'file that is cut', path: string): void {
    const log = new FileProducer(this.#stream(name, kind), path)
    this.logs.set(name, log)
    this.places.set(name, log)
    this.producers.push(log)
  }

  http(url: () => string): void {
    this.producers.push(new HttpProducer(this.#stream('HTTP', 'HTTP'), url, this.#options.seed))
  }

  tcp(link: ChaosProxy): void {
    const acknowledged = this.#stream('TCP, acknowledged', 'TCP with acknowledgement')
    const plain = this.#stream('TCP, plain', 'TCP without acknowledgement')
    this.producers.push(new AcknowledgedTcpProducer(acknowledged, () => link.port))
    this.producers.push(new PlainTcpProducer(plain, () => link.port))
  }

  /** Begins to write. */
  produce(linesPerSecond: number): void {
    for (const producer of this.producers) producer.start(linesPerSecond * shares[producer.stream.kind])
  }

  /** What is owed and not there yet, at the sink that is furthest behind. */
  async backlog(): Promise<number> {
    let most = 0
    for (const sink of this.sinks) if (sink.owes) most = Math.max(most, await sink.missing())
    return most
  }

  /** All that was there when that was asked last, repeats included. */
  get entries(): number {
    return this.sinks.reduce((sum, sink) => sum + sink.entries, 0)
  }

  /** Leaves nothing running or mounted, at once; what is on the disks is kept, or not. */
  abandon(isKept: boolean): void {
    for (const victim of this.victims.values()) victim.abandon()
    for (const command of this.#commands) command.kill('SIGKILL')
    for (const producer of this.producers) producer.abandon()
    for (const link of this.links.values()) link.close()
    for (const sink of this.sinks) void sink.close().catch(() => {})
    for (const disk of this.disks.values()) disk.unmount(isKept)
  }

  #stream(name: string, kind: StreamKind): Stream {
    const number = this.#options.firstStream + this.streams.length
    const stream = new Stream(number, `${this.name} ${name}`, kind)
    this.streams.push(stream)
    return stream
  }
}

/** To those who are to work there. */
function give(path: string): void {
  if (nobody !== undefined) chownSync(path, nobody, nobody)
  chmodSync(path, 0o755)
}
