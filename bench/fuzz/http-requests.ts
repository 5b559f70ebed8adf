/** Connections full of requests that take entries in: most of them wrong, each in a way of its own. */

import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import { markedText } from './marks.ts'
import { brokenJson, entryJson, jsonPayload, plainPayload, tornUtf8 } from './nonsense.ts'
import type { Random } from './random.ts'
import type { Answer, FuzzCase, FuzzSession } from './session.ts'

/** The limits that the fuzzed server has; cases aim at them. */
export const httpLimits = {
  maxBodyBytes: 262_144,
  maxEntryBytes: 16_384,
  path: '/ingest',
} as const

/** Answers to what is wrong. A server that is busy may always say so. */
const busy = [429, 503]
const bad = [400, ...busy]
const success = [200, 202]

/** A connection with some requests after each other; the last may be one that no server can go on after. */
export function httpSession(random: Random, number: number): FuzzSession {
  const writer = new RequestWriter(random, number)
  const cases = Array.from({ length: random.integer(0, 15) }, () => random.weighted(goodRequests)(writer))
  const wrongCount = random.integer(0, 6)
  for (let made = 0; made < wrongCount; made++) cases.push(random.weighted(wrongRequests)(writer))
  const isLastFatal = cases.length === 0 || random.percent(40)
  if (isLastFatal) cases.push(random.weighted(fatal)(writer))
  return {
    target: 'httpSource',
    number,
    cases,
    strays: [],
    end: isLastFatal ? 'wait' : 'close',
    isLastFatal,
    cuts: cutsOf(random, cases),
  }
}

/** Where to cut: mostly nowhere, else at a few places or into the smallest pieces. */
export function cutsOf(random: Random, cases: readonly FuzzCase[]): number[] {
  const length = cases.reduce((sum, { bytes }) => sum + bytes.length, 0)
  if (random.percent(70) || length === 0) return []
  const count = random.percent(80) ? random.integer(1, 6) : Math.min(200, length)
  return Array.from({ length: count }, () => random.integer(0, length)).sort((a, b) => a - b)
}

interface RequestParts {
  readonly method?: string
  readonly target?: string
  readonly type?: string | undefined
  readonly headers?: readonly string[]
  readonly body?: Buffer | string
  /** Sent in chunks instead of with a length. */
  readonly isChunked?: boolean
}

class RequestWriter {
  readonly random: Random
  readonly #session: number
  #entries = 0

  constructor(random: Random, session: number) {
    this.random = random
    this.#session = session
  }

  /** The number of an entry that is new. */
  nextEntry(): number {
    return this.#entries++
  }

  text(entry: number, payload: string): string {
    return markedText({ session: this.#session, entry }, payload)
  }

  /** One new entry, which is a whole body. */
  one(): { numbers: number[]; body: string } {
    const { numbers, json } = this.entries(1, 1)
    return { numbers, body: json.join('') }
  }

  /** Some new entries as plain texts. */
  texts(): { numbers: number[]; texts: string[] } {
    const numbers = Array.from({ length: this.random.integer(1, 6) }, () => this.nextEntry())
    return { numbers, texts: numbers.map((entry) => this.text(entry, plainPayload(this.random))) }
  }

  /** Some new entries, and their JSON. */
  entries(min = 1, max = 6): { numbers: number[]; json: string[] } {
    const numbers = Array.from({ length: this.random.integer(min, max) }, () => this.nextEntry())
    const json = numbers.map((entry) => entryJson(this.random, this.text(entry, jsonPayload(this.random))))
    return { numbers, json }
  }

  key(): string {
    return `fuzz-${this.#session}-${this.#entries}-${this.random.integer(0, 1e9)}`
  }

  request(parts: RequestParts): Buffer {
    const { method = 'POST', target = httpLimits.path, type, headers = [], body = '', isChunked } = parts
    const content = Buffer.from(body as string)
    const head = [
      `${method} ${target} HTTP/1.1`,
      'Host: localhost',
      ...(type === undefined ? [] : [`${this.random.pick(['Content-Type', 'content-type', 'CONTENT-TYPE'])}: ${type}`]),
      ...headers,
      isChunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${content.length}`,
      '',
      '',
    ].join('\r\n')
    return Buffer.concat([Buffer.from(head, 'latin1'), isChunked ? this.#chunks(content) : content])
  }

  #chunks(content: Buffer): Buffer {
    const parts: Buffer[] = []
    for (let at = 0; at < content.length; ) {
      const length = Math.min(content.length - at, this.random.integer(1, 600))
      const extension = this.random.percent(5) ? ';name="value"' : ''
      const size = length.toString(16)
      parts.push(Buffer.from(`${this.random.percent(20) ? size.toUpperCase() : size}${extension}\r\n`))
      parts.push(content.subarray(at, at + length), Buffer.from('\r\n'))
      at += length
    }
    parts.push(Buffer.from(this.random.percent(10) ? '0\r\nTrailer-Name: x\r\n\r\n' : '0\r\n\r\n'))
    return Buffer.concat(parts)
  }
}

type Maker = (writer: RequestWriter) => FuzzCase
type Shares = readonly (readonly [share: number, make: Maker])[]
type Parts = RequestParts & { readonly numbers?: readonly number[] }

const ndjson = 'application/x-ndjson'

/** What a success must say: how many there were, and that all of them were taken. */
function took(count: number, { status, body }: Answer): string | undefined {
  if (!success.includes(status)) return undefined
  const { accepted, total } = JSON.parse(body) as { accepted?: unknown; total?: unknown }
  return accepted === count && total === count ? undefined : `accepted ${accepted} of ${total}, ${count} were sent`
}

/** Answered with an error that says what is wrong and when to come again. */
function explains({ status, body, headers }: Answer): string | undefined {
  if (status < 400) return undefined
  if (busy.includes(status) && headers['retry-after'] === undefined) return `a ${status} without Retry-After`
  if (status === 405 && headers['allow'] === undefined) return 'a 405 without Allow'
  try {
    const { message } = JSON.parse(body) as { message?: unknown }
    return typeof message === 'string' && message !== '' ? undefined : 'an error without a message'
  } catch {
    return `an error that is no JSON: ${body.slice(0, 80)}`
  }
}

/** All of its entries are taken. */
function good(name: string, make: (writer: RequestWriter) => Parts): Maker {
  return (writer) => {
    const { numbers = [], ...parts } = make(writer)
    const judge = (answer: Answer): string | undefined => took(numbers.length, answer) ?? explains(answer)
    return { name, bytes: writer.request(parts), entries: numbers, fate: 'may', statuses: [...success, ...busy], judge }
  }
}

/** One that is refused; entries that stood before what is wrong may have been taken. */
function wrong(name: string, statuses: readonly number[], make: (writer: RequestWriter) => Parts): Maker {
  return (writer) => {
    const { numbers = [], ...parts } = make(writer)
    const isHead = parts.method === 'HEAD'
    const judge = isHead ? (): undefined => undefined : explains
    return { name, bytes: writer.request(parts), entries: numbers, fate: 'may', statuses, isHead, judge }
  }
}

/** Bytes that no request writer would write. */
function raw(name: string, statuses: readonly number[], make: (writer: RequestWriter) => Buffer | string): Maker {
  return (writer) => ({ name, bytes: Buffer.from(make(writer) as string), entries: [], fate: 'never', statuses })
}

const lineEnd = ({ random }: RequestWriter): string => (random.percent(15) ? '\r\n' : '\n')

const encoders = { gzip: gzipSync, deflate: deflateSync, br: brotliCompressSync } as const
type Coding = keyof typeof encoders
const codings: readonly Coding[] = ['gzip', 'deflate', 'br']

/** Next to nothing that unpacks to megabytes; made once. */
const bombs: readonly (readonly [Coding, Buffer])[] = codings.flatMap((coding) =>
  [' ', '\n', '[', '{"message":"bomb"}\n'].map((text) => {
    return [coding, encoders[coding](Buffer.alloc(8 << 20, text))] as const
  }),
)

const goodRequests: Shares = [
  [
    30,
    good('NDJSON', (writer) => {
      const { numbers, json } = writer.entries()
      const end = lineEnd(writer)
      const body = (writer.random.percent(10) ? end : '') + json.join(end) + (writer.random.percent(70) ? end : '')
      const type = writer.random.pick([ndjson, `${ndjson}; charset=utf-8`, 'application/ndjson'])
      return { numbers, type, body, isChunked: writer.random.percent(30) }
    }),
  ],
  [
    10,
    good('a JSON array', (writer) => {
      const { numbers, json } = writer.entries()
      const body = `[${json.join(writer.random.pick([',', ' ,\n']))}]`
      return { numbers, type: 'application/json', body, isChunked: writer.random.percent(30) }
    }),
  ],
  [
    10,
    good('one JSON object', (writer) => {
      const { numbers, json } = writer.entries(1, 1)
      const type = writer.random.pick(['application/json', 'application/json;charset=UTF-8', undefined, ';;;'])
      return { numbers, type, body: json[0] as string, isChunked: writer.random.percent(30) }
    }),
  ],
  [
    10,
    good('plain lines', (writer) => {
      const { numbers, texts } = writer.texts()
      const end = lineEnd(writer)
      return { numbers, type: 'text/plain', body: texts.join(end) + (writer.random.percent(70) ? end : '') }
    }),
  ],
  [
    10,
    good('compressed NDJSON', (writer) => {
      const { numbers, json } = writer.entries()
      const coding = writer.random.pick(codings)
      const body = encoders[coding](`${json.join('\n')}\n`)
      return { numbers, type: ndjson, headers: [`Content-Encoding: ${coding}`], body }
    }),
  ],
  [
    5,
    good('headers that are odd and harmless', (writer) => {
      const { numbers, json } = writer.entries()
      return { numbers, type: ndjson, headers: oddHeaders(writer.random), body: json.join('\n') }
    }),
  ],
  [2, (writer) => sentTwice(writer)],
]

/** Refused, after which the connection may be closed: a body that nobody reads is in the way of the next request. */
const wrongRequests: Shares = [
  [
    8,
    wrong('NDJSON with a broken line', bad, (writer) => {
      const { numbers, json } = writer.entries()
      json.splice(writer.random.integer(0, json.length), 0, brokenJson(writer.random))
      return { numbers, type: ndjson, body: json.join('\n'), isChunked: writer.random.percent(30) }
    }),
  ],
  [
    4,
    wrong('a JSON array with something broken', bad, (writer) => {
      const { numbers, json } = writer.entries()
      json.splice(writer.random.integer(0, json.length), 0, brokenJson(writer.random))
      return { numbers, type: 'application/json', body: `[${json.join(',')}]` }
    }),
  ],
  [
    2,
    wrong('something after the end of a JSON array', bad, (writer) => {
      const { numbers, json } = writer.entries()
      return {
        numbers,
        type: 'application/json',
        body: `[${json.join(',')}]${writer.random.pick(['x', ']', '[]', ','])}`,
      }
    }),
  ],
  [
    4,
    wrong('deep nesting', [413, ...bad], ({ random }) => {
      const depth = random.pick([101, 1000, 5000])
      const [open, close] = random.percent(50) ? ['[', ']'] : ['{"a":', '}']
      const body = `{"message":"deep","fields":{"a":${open.repeat(depth)}1${close.repeat(depth)}}}`
      return { type: random.pick([ndjson, 'application/json']), body }
    }),
  ],
  [
    2,
    wrong('an empty body', [...success, ...bad], ({ random }) => ({ type: random.pick([ndjson, 'application/json']) })),
  ],
  [
    3,
    wrong('a coding that nobody speaks', [415, ...bad], (writer) => {
      const coding = writer.random.pick(['x-gzip, gzip, gzip', 'compress', 'identity;q=0', '*', 'gzip,'.repeat(50)])
      return { ...writer.one(), type: ndjson, headers: [`Content-Encoding: ${coding}`] }
    }),
  ],
  [
    3,
    wrong('compressed data that is none', bad, (writer) => {
      const coding = writer.random.pick(codings)
      const packed = encoders[coding]('{"message":"never complete, and so never whole"')
      const body = writer.random.percent(50)
        ? packed.subarray(0, writer.random.integer(0, packed.length - 1))
        : writer.random.bytes(40)
      return { type: ndjson, headers: [`Content-Encoding: ${coding}`], body }
    }),
  ],
  [
    3,
    wrong('a type that is none of ours', [415, ...bad], (writer) => {
      const type = writer.random.pick([
        'image/png',
        'multipart/form-data; boundary=x',
        'application/xml',
        '///',
        'json',
        'a'.repeat(500),
      ])
      return { ...writer.one(), type }
    }),
  ],
  [
    3,
    wrong('a method that is not for this', [405, 404, 501], ({ random }) => {
      const method = random.pick(['GET', 'PUT', 'DELETE', 'PATCH', 'HEAD', 'PROPFIND', 'TRACE'])
      return { method }
    }),
  ],
  [
    3,
    wrong('a path that is not there', [400, 404, 414], (writer) => {
      const target = writer.random.pick([
        '/',
        '//',
        '/ingest/../x',
        '/%',
        '/%00',
        '/ingest%2f',
        `/${'a'.repeat(9000)}`,

        '/ing est'.replace(' ', '%20'),
      ])
      return { ...writer.one(), target, type: ndjson }
    }),
  ],
]

/** A request and its repetition, as a client does that has not heard the answer: its entries arrive once. */
function sentTwice(writer: RequestWriter): FuzzCase {
  const { numbers, json } = writer.entries()
  const bytes = writer.request({ type: ndjson, headers: [`Idempotency-Key: ${writer.key()}`], body: json.join('\n') })
  return {
    name: 'a request and its repetition',
    bytes: Buffer.concat([bytes, bytes]),
    entries: numbers,
    fate: 'may',
    // The repetition may come while the first is still at work.
    statuses: [...success, ...busy, 409],
    answers: 2,
  }
}

function oddHeaders(random: Random): string[] {
  return Array.from({ length: random.integer(1, 5) }, () =>
    random.weighted<() => string>([
      [1, () => `X-${'a'.repeat(random.integer(1, 200))}: ${'b'.repeat(random.integer(0, 2000))}`],
      [1, () => `X-High: ${random.bytesBut(20, controlBytes).toString('latin1')}`],
      [1, () => `Accept-Encoding: ${'gzip,'.repeat(random.integer(1, 100))}`],
      [
        1,
        () => `X-Forwarded-For: ${random.pick(['::1', '1.2.3.4, 5.6.7.8', 'unknown', ','.repeat(300), '999.1.1.1'])}`,
      ],
      [
        1,
        () =>
          `Authorization: ${random.pick(['Basic', 'Basic !!!', 'Bearer', 'Bearer a.b.c', 'Digest x', `Basic ${'A'.repeat(900)}`])}`,
      ],
      [1, () => `Prefer: ${random.pick(['respond-async', 'wait=0', ';;', '"'])}`],
      [1, () => `Connection: ${random.pick(['keep-alive', 'Keep-Alive, x'])}`],
      [1, () => `Cookie: ${'a=b; '.repeat(random.integer(1, 200))}`],
    ])(),
  )
}

/** What may stand in no header. */
const controlBytes = Array.from({ length: 33 }, (_, code) => code).concat(127)

/** After these no server can know where the next request begins, or should not want to. */
const fatal: Shares = [
  [
    10,
    raw('a request line that is none', [400, 404, 411, 414, 431, 505], ({ random }) =>
      random.pick([
        'GET\r\n\r\n',
        'POST /ingest\r\n\r\n',
        'POST /ingest HTTP/9.9\r\n\r\n',
        'POST /ingest HTTP/1.1 x\r\n\r\n',
        'POST  /ingest HTTP/1.1\r\nHost: localhost\r\n\r\n',
        '\0\0\0\0\0\0',
        '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
        'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
        'SSH-2.0-OpenSSH_9.2\r\n',
        `POST /${'a'.repeat(40_000)} HTTP/1.1\r\nHost: localhost\r\n\r\n`,
        '{"message":"no HTTP at all"}\n'.repeat(4),
        'POST /\xff\xfe HTTP/1.1\r\nHost: localhost\r\n\r\n',
      ]),
    ),
  ],
  [
    10,
    raw('a header that is none', [400, 411, 431], ({ random }) => {
      const header = random.pick([
        'no colon',
        ': no name',
        'na me: x',
        'name : x',
        'name\0: x',
        'name: a\0b',
        'name: a\x01b',
        'name: a\rb',
        ' folded: x',
        `${'n'.repeat(20_000)}: x`,
        `name: ${'v'.repeat(20_000)}`,
        'a: b\r\n'.repeat(5000).trimEnd(),
        'Host: a\nHost: b',
      ])
      return `POST /ingest HTTP/1.1\r\nHost: localhost\r\n${header}\r\nContent-Length: 0\r\n\r\n`
    }),
  ],
  // What two programs read differently is how a request is smuggled past the first: it has to be refused, and what
  // looks like a second request in its body must never become an entry.
  [20, (writer) => smuggled(writer)],
  [
    6,
    raw('chunks that are none', [400, 408, 413], ({ random }) => {
      const chunks = random.pick([
        'x\r\n',
        '-1\r\nx',
        'fffffffffffffffff\r\nx',
        '7fffffffffffffff\r\nx',
        '0x5\r\nhello\r\n0\r\n\r\n',
        '5\nhello\n0\n\n',
        '5\r\nhello0\r\n\r\n',
        `5;${'e'.repeat(40_000)}\r\nhello\r\n0\r\n\r\n`,
        '5 \t5\r\nhello\r\n',
        '\r\n\r\n\r\n',
      ])
      return `POST /ingest HTTP/1.1\r\nHost: localhost\r\nContent-Type: ${ndjson}\r\nTransfer-Encoding: chunked\r\n\r\n${chunks}`
    }),
  ],
  [
    4,
    wrong('a body that is too large', [413, ...bad], (writer) => {
      const line = `{"message":"${'x'.repeat(1000)}"}\n`
      const body = line.repeat(Math.ceil((httpLimits.maxBodyBytes + 1) / line.length))
      return { type: 'application/json', body: `[${body}]`, isChunked: writer.random.percent(50) }
    }),
  ],
  [
    4,
    wrong('a line that is too long', [413, ...bad], (writer) => {
      const length = httpLimits.maxEntryBytes + writer.random.integer(1, 30_000)
      return { type: ndjson, body: `{"message":"${'x'.repeat(length)}"}\n` }
    }),
  ],
  [
    4,
    wrong('a bomb', [413, ...bad], (writer) => {
      const [coding, body] = writer.random.pick(bombs)
      return {
        type: writer.random.pick([ndjson, 'application/json', 'text/plain']),
        headers: [`Content-Encoding: ${coding}`],
        body,
      }
    }),
  ],
  [
    4,
    wrong('bytes that are no UTF-8', [...success, ...bad, 415], ({ random }) => {
      const body = Buffer.concat([Buffer.from('{"message":'), tornUtf8(random), Buffer.from('"x"}\n')])
      return { type: random.pick([ndjson, 'application/json']), body }
    }),
  ],
  [
    4,
    (writer) => {
      const { numbers, json } = writer.entries()
      const body = Buffer.from(`${json.join('\n')}\n`)
      const head = `POST /ingest HTTP/1.1\r\nHost: localhost\r\nContent-Type: ${ndjson}\r\nContent-Length: ${body.length + 10}\r\n\r\n`
      // What has come is whole lines: they may be taken, or not, but once only.
      const bytes = Buffer.concat([Buffer.from(head), body])
      return {
        name: 'a body that ends too soon',
        bytes,
        entries: numbers,
        fate: 'may',
        statuses: [400, 408],
      }
    },
  ],
  [
    3,
    raw('a switch to another protocol', [204, 400, 404, 405, 426, 501], ({ random }) => {
      const target = random.pick(['/ingest', '*', 'example.com:443'])
      const first = target.includes(':') ? 'CONNECT' : random.pick(['GET', 'OPTIONS'])
      return `${first} ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade, close\r\nUpgrade: ${random.pick(['websocket', 'h2c', ','])}\r\n\r\n`
    }),
  ],
]

function smuggled(writer: RequestWriter): FuzzCase {
  const { random } = writer
  const entry = writer.nextEntry()
  const inner = JSON.stringify({ message: writer.text(entry, 'smuggled') })
  const second = `POST /ingest HTTP/1.1\r\nHost: localhost\r\nContent-Type: ${ndjson}\r\nContent-Length: ${inner.length}\r\n\r\n${inner}`
  const both = `Content-Length: ${random.integer(1, 9)}\r\nTransfer-Encoding: chunked`
  const framing = random.pick([
    both,
    both.split('\r\n').reverse().join('\r\n'),
    'Transfer-Encoding: chunked\r\nTransfer-Encoding: identity',
    'Transfer-Encoding: xchunked',
    'Transfer-Encoding: chunked, identity',
    'Transfer-Encoding : chunked',
    'Transfer-Encoding:\x0bchunked',
    'Content-Length: 0\r\nContent-Length: 5',
    'Content-Length: 0, 5',
    'Content-Length: +0',
    'Content-Length: -1',
    'Content-Length: 0x10',
    'Content-Length: 1e1',
    'Content-Length: 18446744073709551616',
    'Content-Length : 0',
    'Content-Length: 0\rX: y',
    '\nContent-Length: 0',
  ])
  const head = `POST /ingest HTTP/1.1\r\nHost: localhost\r\nContent-Type: ${ndjson}\r\n${framing}\r\n\r\n0\r\n\r\n`
  const bytes = Buffer.from(head + second, 'latin1')
  return { name: `smuggling: ${JSON.stringify(framing)}`, bytes, entries: [entry], fate: 'never', statuses: [400, 501] }
}
