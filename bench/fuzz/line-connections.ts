/** Connections of a line protocol: lines and octet-counted texts, right, wrong and torn, with and without a greeting. */

import { cutsOf } from './http-requests.ts'
import { markedText } from './marks.ts'
import { brokenJson, entryJson, jsonPayload, plainPayload, tornUtf8 } from './nonsense.ts'
import type { Random } from './random.ts'
import type { FuzzCase, FuzzSession } from './session.ts'

/** The limits that the fuzzed servers have; cases aim at them. */
export const lineLimits = { maxLineBytes: 16_384 } as const

/** A connection with newline-framed lines. */
export function lineSession(random: Random, number: number): FuzzSession {
  const maker = new LineMaker(random, number)
  const greeting = random.weighted<() => Greeting>([
    [60, () => ({ kind: 'none', cases: [] })],
    [25, () => ({ kind: 'acknowledged', cases: [greetingCase('{"acknowledge":true,"name":"fuzz"}')] })],
    [
      5,
      () => ({ kind: 'accepted', cases: [greetingCase(random.pick(['{}', '{"acknowledge":false}', '{"name":"x"}']))] }),
    ],
    [10, () => ({ kind: 'wrong', cases: [greetingCase(wrongGreeting(random))] })],
  ])()
  const lines = Array.from({ length: random.integer(1, 120) }, () => maker.line())
  const end = random.percent(85) ? 'half-close' : 'reset'
  const isLostAtEnd = end === 'reset' || greeting.kind === 'wrong'
  const cases = [...greeting.cases, ...lines].map((one) => (isLostAtEnd ? uncertain(one) : one))
  // The last line may lack its end. What has greeted sends such a line again, and so it is not given then.
  const last = cases.at(-1)
  if (greeting.kind === 'none' && last !== undefined && last.entries.length > 0 && random.percent(30)) {
    cases[cases.length - 1] = { ...last, bytes: withoutLineEnd(last.bytes) }
  }
  return {
    target: 'tcpSource',
    number,
    cases,
    strays: maker.strays,
    dueStrays: isLostAtEnd ? [] : maker.strays,
    torn: end === 'reset' ? maker.texts : [],
    end,
    isLastFatal: false,
    cuts: cutsOf(random, cases),
    judgeReceived: end === 'reset' ? undefined : (text) => judgeReceived(text, greeting.kind, lines.length),
  }
}

function withoutLineEnd(line: Buffer): Buffer {
  const end = line.lastIndexOf(10)
  return line.subarray(0, line[end - 1] === 13 ? end - 1 : end)
}

interface Greeting {
  readonly kind: 'none' | 'acknowledged' | 'accepted' | 'wrong'
  readonly cases: readonly FuzzCase[]
}

/** A server says nothing to somebody who did not greet, and to others what they asked for. */
function judgeReceived(text: string, kind: Greeting['kind'], lines: number): string | undefined {
  if (kind === 'none') return text === '' ? undefined : `said ${JSON.stringify(text.slice(0, 200))} without a greeting`
  // What is wrong may be refused, or be a line as any other.
  if (kind === 'wrong') return undefined
  const [first = '', ...rest] = text.split('\n')
  if (!first.startsWith('LOGWISP/1 {"ok":true'))
    return `answered the greeting with ${JSON.stringify(first.slice(0, 200))}`
  if (kind === 'accepted')
    return rest.join('') === '' ? undefined : `said ${JSON.stringify(rest.join('\n').slice(0, 200))} unasked`
  let acknowledged = 0
  for (const line of rest.slice(0, -1)) {
    const count = Number(/^ACK (\d+)$/.exec(line)?.[1])
    if (!(count >= acknowledged)) return `said ${JSON.stringify(line.slice(0, 100))} after ACK ${acknowledged}`
    acknowledged = count
  }
  return acknowledged === lines ? undefined : `acknowledged ${acknowledged} of ${lines} lines`
}

function greetingCase(json: string): FuzzCase {
  return { name: 'a greeting', bytes: Buffer.from(`LOGWISP/1 ${json}\n`), entries: [], fate: 'never' }
}

function wrongGreeting(random: Random): string {
  return random.pick([
    '',
    '{',
    'null',
    '[]',
    '{"acknowledge":"yes"}',
    '{"acknowledge":1}',
    '{"token":{}}',
    `{"name":"${'n'.repeat(20_000)}"}`,
    '{"acknowledge":true}LOGWISP/1 {}',
    '{"__proto__":{"acknowledge":true}}',
    brokenJson(random),
  ])
}

/** A connection with octet-counted texts. */
export function octetSession(random: Random, number: number): FuzzSession {
  const maker = new LineMaker(random, number)
  const cases = Array.from({ length: random.integer(1, 120) }, () => counted(maker.text()))
  const end = random.percent(85) ? 'half-close' : 'reset'
  const dueStrays = end === 'reset' ? [] : [...maker.strays]
  if (random.percent(50)) cases.push(maker.lyingCount())
  const sent = end === 'reset' ? cases.map(uncertain) : cases
  return {
    target: 'tcpSource octet-counted',
    number,
    cases: sent,
    strays: maker.strays,
    dueStrays,
    torn: end === 'reset' ? maker.texts : [],
    end,
    isLastFatal: false,
    cuts: cutsOf(random, sent),
    judgeReceived: (text) => (text === '' ? undefined : `said ${JSON.stringify(text.slice(0, 200))}`),
  }
}

/** A viewer of lines that talks instead of listening. */
export function lineViewerSession(random: Random, number: number): FuzzSession {
  const maker = new LineMaker(random, number)
  const cases = Array.from({ length: random.integer(1, 60) }, (): FuzzCase => {
    return { ...maker.line(), entries: [], fate: 'never' }
  })
  if (random.percent(20)) cases.unshift(greetingCase(wrongGreeting(random)))
  const end = random.percent(70) ? 'half-close' : 'reset'
  return { target: 'tcpSink', number, cases, strays: [], end, isLastFatal: false, cuts: cutsOf(random, cases) }
}

function counted(one: FuzzCase): FuzzCase {
  return { ...one, bytes: Buffer.concat([Buffer.from(`${one.bytes.length} `), one.bytes]) }
}

/** A connection that is cut may take what was sent with it. */
function uncertain(one: FuzzCase): FuzzCase {
  return one.fate === 'must' ? { ...one, fate: 'may' } : one
}

class LineMaker {
  readonly strays: string[] = []
  readonly texts: string[] = []
  readonly #random: Random
  readonly #session: number
  #entries = 0

  constructor(random: Random, session: number) {
    this.#random = random
    this.#session = session
  }

  /** Something that ends with a line feed. */
  line(): FuzzCase {
    const random = this.#random
    const one = random.percent(3) ? this.#tooLong() : this.text()
    const isText = one.entries.length > 0
    // A carriage return belongs to the end of a line.
    return { ...one, bytes: Buffer.concat([one.bytes, Buffer.from(isText && random.percent(15) ? '\r\n' : '\n')]) }
  }

  /** One text, right or wrong. */
  text(): FuzzCase {
    const random = this.#random
    return random.weighted<() => FuzzCase>([
      [40, () => this.#entry((text) => text, plainPayload(random), 'a plain line')],
      [40, () => this.#entry((text) => entryJson(random, text), jsonPayload(random), 'an entry')],
      [12, () => this.#stray(Buffer.from(brokenJson(random)), 'a line that is no JSON')],
      [
        4,
        () => this.#stray(Buffer.concat([Buffer.from('torn '), tornUtf8(random), Buffer.from(' end')]), 'torn UTF-8'),
      ],
      [4, () => this.#stray(random.bytesBut(random.integer(1, 60), lineEnds), 'noise')],
    ])()
  }

  /** A count that is wrong, after which nothing can be understood. */
  lyingCount(): FuzzCase {
    const random = this.#random
    const text = random.pick([
      '0 x',
      '-1 x',
      '+5 hello',
      '007 hello',
      'x',
      '5hello',
      ' 5 hello',
      '1e3 x',
      `${'9'.repeat(30)} x`,
      '5\thello',
      '\n',
      '99999 cut off',
      '16385 just too long',
    ])
    this.strays.push('cut off', 'just too long')
    return { name: `a count that lies: ${text}`, bytes: Buffer.from(text), entries: [], fate: 'never' }
  }

  #entry(write: (text: string) => string, payload: string, name: string): FuzzCase {
    const entry = this.#entries++
    const text = write(markedText({ session: this.#session, entry }, payload))
    this.texts.push(text)
    return { name, bytes: Buffer.from(text), entries: [entry], fate: 'must' }
  }

  #stray(bytes: Buffer, name: string): FuzzCase {
    this.strays.push(bytes.toString())
    this.texts.push(bytes.toString())
    return { name, bytes, entries: [], fate: 'never' }
  }

  /** Longer than a line may be: what is kept of it is its beginning. */
  #tooLong(): FuzzCase {
    const random = this.#random
    const length = lineLimits.maxLineBytes + random.integer(1, 3000)
    const bytes = Buffer.alloc(length, random.pick(['x', 'é', '🛒 ']))
    this.strays.push(new TextDecoder().decode(bytes.subarray(0, lineLimits.maxLineBytes), { stream: true }))
    this.texts.push(bytes.toString())
    return { name: 'a line that is too long', bytes, entries: [], fate: 'never' }
  }
}

const lineEnds = [10, 13]
