/** A network of our own between two programs, on which everything happens that happens on networks. */

import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

/** Where a connection that nobody sends anything on is cut all the same. */
const cutWithinMs = 100

/** What is on its way at once, in one direction, while it is delayed. */
const maxDelayedBytes = 1 << 20

/** What the network does at the moment. */
export type Weather =
  | { readonly kind: 'fair' }
  /** Everything arrives so much later, in order. */
  | { readonly kind: 'delay'; readonly ms: number }
  /** Connections are there, nothing passes, and nobody is told. */
  | { readonly kind: 'silence' }
  /** The same, and what is sent is taken, and goes nowhere. */
  | { readonly kind: 'swallow' }
  /** Who connects is cut off at once. */
  | { readonly kind: 'refuse' }

interface Way {
  readonly from: Socket
  readonly to: Socket
  /** What waits for its time, in order. */
  readonly waiting: { readonly dueMs: number; readonly bytes: number; readonly act: () => void }[]
  delayedBytes: number
}

/** A connection through it. */
interface Pair {
  readonly near: Socket
  readonly far: Socket
  readonly ways: readonly [Way, Way]
  isCutting: boolean
}

export class ChaosProxy {
  readonly name: string
  readonly #server: Server
  readonly #targetPort: number
  readonly #pairs = new Set<Pair>()
  #weather: Weather = { kind: 'fair' }

  private constructor(name: string, server: Server, targetPort: number) {
    this.name = name
    this.#server = server
    this.#targetPort = targetPort
  }

  /** Listens on a port of its own, and passes on to the other. */
  static async open(name: string, targetPort: number): Promise<ChaosProxy> {
    const server = createServer({ allowHalfOpen: true, noDelay: true })
    const proxy = new ChaosProxy(name, server, targetPort)
    server.on('connection', (socket) => proxy.#connected(socket))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return proxy
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** Cuts every connection, each in the middle of what is being sent on it where something is. */
  cut(): void {
    for (const pair of this.#pairs) {
      pair.isCutting = true
      setTimeout(() => reset(pair), cutWithinMs)
    }
  }

  /** Changes the weather. When it clears up after a silence, connections of before turn out to be dead. */
  set(weather: Weather): void {
    const before = this.#weather
    this.#weather = weather
    const wasSilent = before.kind === 'silence' || before.kind === 'swallow'
    if (wasSilent) for (const pair of this.#pairs) reset(pair)
    for (const pair of this.#pairs) this.#be(pair)
  }

  close(): void {
    this.#server.close()
    for (const pair of this.#pairs) reset(pair)
  }

  #connected(near: Socket): void {
    near.on('error', () => {})
    if (this.#weather.kind === 'refuse') {
      near.resetAndDestroy()
      return
    }
    const far = connect({ port: this.#targetPort, host: '127.0.0.1', allowHalfOpen: true, noDelay: true })
    far.on('error', () => {})
    const pair: Pair = { near, far, ways: [wayOf(near, far), wayOf(far, near)], isCutting: false }
    this.#pairs.add(pair)
    far.once('close', () => {
      // In a swallowing network the near side never hears of it.
      if (this.#weather.kind !== 'swallow') reset(pair)
    })
    near.once('close', () => {
      this.#pairs.delete(pair)
      reset(pair)
    })
    for (const way of pair.ways) {
      way.from.on('data', (chunk: Buffer) => this.#pass(pair, way, chunk))
      way.from.on('end', () => this.#later(way, 0, 0, () => way.to.end()))
      way.to.on('drain', () => this.#weather.kind !== 'silence' && way.from.resume())
    }
    this.#be(pair)
  }

  /** Makes a connection as the weather is. */
  #be({ near, far }: Pair): void {
    if (this.#weather.kind === 'silence') {
      near.pause()
      far.pause()
    }
    if (this.#weather.kind === 'swallow') far.destroy()
  }

  #pass(pair: Pair, way: Way, chunk: Buffer): void {
    if (this.#weather.kind === 'swallow' || way.to.destroyed) return
    if (pair.isCutting) {
      // A part of it arrives, and then the connection is over: for one side by its end, for the other by a reset.
      way.to.end(chunk.subarray(0, chunk.length >> 1))
      way.from.resetAndDestroy()
      return
    }
    const delayMs = this.#weather.kind === 'delay' ? this.#weather.ms : 0
    if (delayMs === 0 && way.waiting.length === 0) {
      if (!way.to.write(chunk)) way.from.pause()
      return
    }
    way.delayedBytes += chunk.length
    if (way.delayedBytes > maxDelayedBytes) way.from.pause()
    this.#later(way, delayMs, chunk.length, () => way.to.destroyed || way.to.write(chunk))
  }

  /** Behind all that waits already. */
  #later(way: Way, delayMs: number, bytes: number, act: () => void): void {
    const dueMs = Math.max(performance.now() + delayMs, way.waiting.at(-1)?.dueMs ?? 0)
    way.waiting.push({ dueMs, bytes, act })
    if (way.waiting.length === 1) this.#actWhenDue(way)
  }

  #actWhenDue(way: Way): void {
    for (;;) {
      const [next] = way.waiting
      if (next === undefined) return
      const leftMs = next.dueMs - performance.now()
      if (leftMs > 0) {
        // One timer after the other: two that are due at once need not come in their order.
        setTimeout(() => this.#actWhenDue(way), Math.ceil(leftMs))
        return
      }
      way.waiting.shift()
      way.delayedBytes -= next.bytes
      next.act()
      if (way.delayedBytes <= maxDelayedBytes && this.#weather.kind !== 'silence') way.from.resume()
    }
  }
}

function wayOf(from: Socket, to: Socket): Way {
  return { from, to, waiting: [], delayedBytes: 0 }
}

function reset({ near, far }: Pair): void {
  if (!near.destroyed) near.resetAndDestroy()
  if (!far.destroyed) far.resetAndDestroy()
}
