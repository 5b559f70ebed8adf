/** WebSocket connections: the upgrade, and frames of every kind, right ones and wrong ones. RFC 6455, section 5. */

import { deflateRawSync } from 'node:zlib'
import { markedText } from './marks.ts'
import { brokenJson, entryJson, jsonPayload, tornUtf8 } from './nonsense.ts'
import type { Random } from './random.ts'
import type { FuzzCase, FuzzSession, TargetName } from './session.ts'

/** The limits that the fuzzed servers have; cases aim at them. */
export const webSocketLimits = { maxFrameBytes: 65_536, sourcePath: '/ingest', sinkPath: '/socket' } as const

const opcode = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const

interface FrameParts {
  readonly op: number
  readonly payload?: Buffer
  readonly isFinal?: boolean
  readonly reserved?: number
  readonly isMasked?: boolean
  /** The length that the head tells, when it lies. */
  readonly told?: bigint
}

/** One frame, masked as a client's has to be. */
function frame(random: Random, parts: FrameParts): Buffer {
  const { op, payload = Buffer.alloc(0), isFinal = true, reserved = 0, isMasked = true } = parts
  const told = parts.told ?? BigInt(payload.length)
  const mask = isMasked ? 0x80 : 0
  const head = Buffer.alloc(told < 126n ? 2 : told < 0x1_0000n ? 4 : 10)
  head[0] = (isFinal ? 0x80 : 0) | (reserved << 4) | op
  if (head.length === 2) head[1] = mask | Number(told)
  else if (head.length === 4) {
    head[1] = mask | 126
    head.writeUInt16BE(Number(told), 2)
  } else {
    head[1] = mask | 127
    head.writeBigUInt64BE(BigInt.asUintN(64, told), 2)
  }
  if (!isMasked) return Buffer.concat([head, payload])
  const key = random.bytes(4)
  const masked = Buffer.from(payload)
  for (let at = 0; at < masked.length; at++) masked[at] = (masked[at] as number) ^ (key[at & 3] as number)
  return Buffer.concat([head, key, masked])
}

/** A connection that sends entries to a server, until something is so wrong that it has to end. */
export function webSocketSession(random: Random, number: number): FuzzSession {
  return session(random, number, 'webSocketSource', webSocketLimits.sourcePath, new EntryFrames(random, number))
}

/** A viewer that sends wishes, right and wrong ones, while it is shown entries. */
export function webSocketViewerSession(random: Random, number: number): FuzzSession {
  return session(random, number, 'webSocketSink', webSocketLimits.sinkPath, new WishFrames(random))
}

interface FrameMaker {
  /** Texts that may arrive though they are no marked entries. */
  readonly strays: readonly string[]
  /** A frame after which the connection lives. */
  harmless(): FuzzCase
  /** A text that is no use, and may or may not end the connection. */
  useless(): FuzzCase
}

function session(random: Random, number: number, target: TargetName, path: string, maker: FrameMaker): FuzzSession {
  const upgrade = random.percent(92) ? handshake(path) : wrongHandshake(random, path)
  const cases = [upgrade]
  const count = random.integer(1, 60)
  for (let made = 0; made < count; made++) cases.push(maker.harmless())
  const isLastFatal = random.percent(60)
  if (isLastFatal) cases.push(random.percent(30) ? maker.useless() : fatalFrame(random))
  const isOpen = upgrade.statuses?.includes(101) ?? false
  // What follows a refused upgrade is read by nobody.
  const sent = isOpen ? cases : cases.slice(0, 1)
  const end = random.pick(['half-close', 'half-close', 'reset'] as const)
  const fate = (one: FuzzCase): FuzzCase => (end === 'reset' && one.fate === 'must' ? { ...one, fate: 'may' } : one)
  const cuts = random.percent(70) ? [] : Array.from({ length: 6 }, () => random.integer(0, 3000)).sort((a, b) => a - b)
  return { target, number, cases: sent.map(fate), strays: maker.strays, end, isLastFatal, cuts }
}

function handshake(path: string): FuzzCase {
  const head = [
    `GET ${path} HTTP/1.1`,
    'Host: localhost',
    'Upgrade: websocket',
    'Connection: Upgrade',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
    '',
    '',
  ].join('\r\n')
  return { name: 'an upgrade', bytes: Buffer.from(head, 'latin1'), entries: [], fate: 'never', statuses: [101] }
}

function wrongHandshake(random: Random, path: string): FuzzCase {
  const right = handshake(path).bytes.toString('latin1')
  const wrong = random.pick([
    right.replace('Version: 13', `Version: ${random.pick(['12', '0', 'x', '', '13, 13'])}`),
    right.replace(/Sec-WebSocket-Key: .*\r\n/, ''),
    right.replace(
      /(Sec-WebSocket-Key:) .*\r\n/,
      `$1 ${random.pick(['', 'short', '='.repeat(24), 'A'.repeat(5000)])}\r\n`,
    ),
    right.replace('GET', random.pick(['POST', 'PUT'])),
    right.replace('Upgrade: websocket', `Upgrade: ${random.pick(['h2c', 'web socket', ''])}`),
    right.replace('GET /', 'GET /nowhere/'),
  ])
  const statuses = [400, 404, 405, 411, 426, 501]
  return { name: 'an upgrade that is none', bytes: Buffer.from(wrong, 'latin1'), entries: [], fate: 'never', statuses }
}

/** Pings and pongs, which may come at any time. */
function control(random: Random): Buffer {
  return frame(random, { op: random.pick([opcode.ping, opcode.pong]), payload: random.bytes(random.integer(0, 125)) })
}

/** A text in one frame, or in several with pings between them. */
function textFrames(random: Random, text: string, op: number = opcode.text): Buffer {
  const payload = Buffer.from(text)
  if (random.percent(75)) return frame(random, { op, payload })
  const parts: Buffer[] = []
  const count = random.integer(2, 5)
  for (let part = 0, from = 0; part < count; part++) {
    const to = part === count - 1 ? payload.length : random.integer(from, payload.length)
    const kind = part === 0 ? op : opcode.continuation
    parts.push(frame(random, { op: kind, payload: payload.subarray(from, to), isFinal: part === count - 1 }))
    if (part < count - 1 && random.percent(30)) parts.push(control(random))
    from = to
  }
  return Buffer.concat(parts)
}

class EntryFrames implements FrameMaker {
  readonly #random: Random
  readonly strays: string[] = []
  readonly #session: number
  #entries = 0

  constructor(random: Random, session: number) {
    this.#random = random
    this.#session = session
  }

  harmless(): FuzzCase {
    const random = this.#random
    if (random.percent(15)) return { name: 'a control frame', bytes: control(random), entries: [], fate: 'never' }
    const entries = Array.from({ length: random.integer(1, 4) }, () => this.#entries++)
    const json = entries.map((entry) =>
      entryJson(random, markedText({ session: this.#session, entry }, jsonPayload(random))),
    )
    const isArray = random.percent(20)
    const text = isArray ? `[${json.join(',')}]` : json.join('\n') + (random.percent(30) ? '\n' : '')
    const op = random.percent(90) ? opcode.text : opcode.binary
    return { name: 'entries', bytes: textFrames(random, text, op), entries, fate: 'must' }
  }

  useless(): FuzzCase {
    const random = this.#random
    const text = brokenJson(random)
    this.strays.push(text)
    const bytes = textFrames(random, text)
    return { name: 'a frame without an entry', bytes, entries: [], fate: 'never' }
  }
}

class WishFrames implements FrameMaker {
  readonly strays: readonly string[] = []
  readonly #random: Random

  constructor(random: Random) {
    this.#random = random
  }

  harmless(): FuzzCase {
    const random = this.#random
    const wish = random.pick([
      '{"filter":null}',
      '{"filter":{"level":"warn"}}',
      '{"filter":{"match":"flow"}}',
      '{"backlog":10}',
      '{"resume":"nobody-knows-it"}',
      '{}',
    ])
    const bytes = random.percent(20) ? control(random) : textFrames(random, wish)
    return { name: 'a wish', bytes, entries: [], fate: 'never' }
  }

  useless(): FuzzCase {
    const random = this.#random
    const wish = random.pick([
      brokenJson(random),
      '{"filter":{"match":"("}}',
      '{"filter":{"level":"loud"}}',
      '{"filter":[]}',
      `{"filter":{"match":"${'a{1000}'.repeat(20)}"}}`,
      `{"filter":{"source":[${'"a",'.repeat(5000)}"b"]}}`,
    ])
    return { name: 'a wish that is none', bytes: textFrames(random, wish), entries: [], fate: 'never' }
  }
}

/** Frames that a server has to end the connection for. */
function fatalFrame(random: Random): FuzzCase {
  const some = random.bytes(random.integer(0, 40))
  const [name, bytes] = random.pick<() => readonly [string, Buffer]>([
    () => ['a frame without a mask', frame(random, { op: opcode.text, payload: some, isMasked: false })],
    () => [
      'an opcode that is reserved',
      frame(random, { op: random.pick([3, 4, 5, 6, 7, 11, 12, 13, 14, 15]), payload: some }),
    ],
    () => ['reserved bits', frame(random, { op: opcode.text, payload: some, reserved: random.integer(1, 7) })],
    () => ['a control frame in parts', frame(random, { op: opcode.ping, payload: some, isFinal: false })],
    () => ['a control frame that is long', frame(random, { op: opcode.ping, payload: random.bytes(126) })],
    () => ['a continuation of nothing', frame(random, { op: opcode.continuation, payload: some })],
    () => [
      'a new text within another',
      Buffer.concat([
        frame(random, { op: opcode.text, payload: some, isFinal: false }),
        frame(random, { op: opcode.text, payload: some }),
      ]),
    ],
    () => ['a length that lies', frame(random, { op: opcode.text, payload: some, told: random.pick(lies) })],
    () => [
      'a text that is too long',
      frame(random, { op: opcode.text, payload: Buffer.alloc(webSocketLimits.maxFrameBytes + 1, 'x') }),
    ],
    () => [
      'parts that are too long together',
      Buffer.concat([
        frame(random, { op: opcode.text, payload: Buffer.alloc(40_000, 'x'), isFinal: false }),
        frame(random, { op: opcode.continuation, payload: Buffer.alloc(40_000, 'x') }),
      ]),
    ],
    () => ['a text that is no UTF-8', frame(random, { op: opcode.text, payload: tornUtf8(random) })],
    () => [
      'a close with a code that nobody may send',
      closing(random, random.pick([0, 999, 1004, 1005, 1006, 1015, 5000, 65_535])),
    ],
    () => ['a close with one byte', frame(random, { op: opcode.close, payload: random.bytes(1) })],
    () => ['a proper close', closing(random, random.pick([1000, 1001, 3000, 4999]))],
    () => [
      'compressed data that was not agreed on',
      frame(random, { op: opcode.text, payload: deflateRawSync(Buffer.alloc(1 << 20)), reserved: 4 }),
    ],
    () => ['nothing but noise', noise(random)],
    () => ['another request', Buffer.from('POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n')],
  ])()
  return { name, bytes, entries: [], fate: 'never' }
}

/** With bits set that are reserved, as it could be a frame otherwise. */
function noise(random: Random): Buffer {
  const bytes = random.bytes(random.integer(1, 400))
  bytes[0] = (bytes[0] as number) | 0x70
  return bytes
}

const lies = [0xffffn, 0x1_0000n, 0x7fff_ffffn, 0x1_0000_0000n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n]

function closing(random: Random, code: number): Buffer {
  const payload = Buffer.alloc(2 + random.integer(0, 20), 'x')
  payload.writeUInt16BE(code)
  return frame(random, { op: opcode.close, payload })
}
