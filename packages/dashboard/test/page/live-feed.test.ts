import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { apiClient } from '../../page/data/api-client.ts'
import { type LiveFeed, type LiveFeedOptions, liveFeed } from '../../page/data/live-feed.ts'

/** What a server is asked, one after the other; the test answers by hand. */
let requests: { req: IncomingMessage; res: ServerResponse }[]
let whenAsked: (() => void) | undefined
let url: string
let feed: LiveFeed | undefined
const server = createServer((req, res) => {
  requests.push({ req, res })
  whenAsked?.()
})

/** What the feed said, in order. */
let said: string[]
let whenSaid: (() => void) | undefined

beforeEach(async () => {
  requests = []
  said = []
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
})
afterEach(async () => {
  feed?.close()
  server.closeAllConnections()
  server.close()
  await once(server, 'close')
})

function start(options: Partial<LiveFeedOptions> = {}): LiveFeed {
  const say = (what: string): void => {
    said.push(what)
    whenSaid?.()
  }
  feed = liveFeed({
    client: apiClient(url),
    query: 'level:error',
    firstDelayMs: 10,
    onEntries: (entries) => say(entries.map(({ message }) => message).join(' ')),
    onGap: ({ entries, from, to }) => say(`gap of ${entries} from ${from} to ${to}`),
    onState: (state, problem) => say(problem === undefined ? state : `${state}: ${problem.message}`),
    ...options,
  })
  return feed
}

async function asked(count: number): Promise<{ req: IncomingMessage; res: ServerResponse }> {
  while (requests.length < count) {
    await new Promise<void>((resolve) => {
      whenAsked = resolve
    })
  }
  return requests[count - 1] as { req: IncomingMessage; res: ServerResponse }
}

async function says(text: string): Promise<void> {
  while (!said.some((each) => each.startsWith(text))) {
    await new Promise<void>((resolve) => {
      whenSaid = resolve
    })
  }
}

function open(res: ServerResponse, live: string): void {
  res.writeHead(200, { 'Content-Type': 'text/event-stream' })
  res.write(`retry: 5\nevent: open\ndata: {"live":"${live}"}\n\n`)
}

function entries(...messages: string[]): string {
  const time = '2026-06-26T09:47:00.123Z'
  return JSON.stringify(messages.map((message, turn) => ({ id: `a-${turn}`, time, source: 's', message })))
}

test('asks for the query from a position on, and hands on what comes, however it is cut', async () => {
  start({ after: '7.0' })
  const { req, res } = await asked(1)
  expect(req.url).toBe('/logs/stream?q=level%3Aerror&after=7.0&batch=1')
  open(res, '7.0')
  const text = `: a comment\n\nid: 8.1\nevent: entries\ndata: ${entries('ärger', 'b')}\n\nevent: gap\ndata: {"entries":3,"from":1,"to":null}\n\n`
  for (const byte of Buffer.from(text)) res.write(Buffer.of(byte))
  await says('gap')
  expect(said).toEqual(['connecting', 'live', 'ärger b', 'gap of 3 from 1 to undefined'])
})

test('goes on after the last position when the connection breaks, and after the page’s own without one', async () => {
  start({ after: '7.0' })
  const first = await asked(1)
  open(first.res, '7.0')
  first.res.write(`id: 9.3\nevent: entries\ndata: ${entries('a')}\n\nid: 10.0\nevent: entries\ndata: [{"id`)
  await says('a')
  first.res.destroy()
  await says('disconnected')
  const second = await asked(2)
  expect(second.req.url).toContain('after=9.3')
  open(second.res, '9.3')
  second.res.end()
  const third = await asked(3)
  expect(third.req.url).toContain('after=9.3')
})

test('without a position goes on after the one at which it began', async () => {
  start()
  const first = await asked(1)
  expect(first.req.url).not.toContain('after')
  open(first.res, '42.0')
  await says('live')
  first.res.end()
  expect((await asked(2)).req.url).toContain('after=42.0')
})

test('tries again while the server has trouble, and says what it said', async () => {
  start()
  const first = await asked(1)
  first.res.writeHead(503, { 'Content-Type': 'application/json' }).end('{"message":"all places are taken"}')
  await says('disconnected: all places are taken')
  const second = await asked(2)
  second.res.writeHead(502).end('<html>')
  await says('disconnected: The server answered 502 Bad Gateway')
  open((await asked(3)).res, '1.0')
  await says('live')
})

test('ends when the server refuses the query', async () => {
  start()
  const { res } = await asked(1)
  res.writeHead(400, { 'Content-Type': 'application/json' }).end('{"message":"q: no","parameter":"q"}')
  await says('ended: q: no')
  expect(requests.length).toBe(1)
})

test('takes a connection on which nothing comes for dead', async () => {
  start({ silenceTimeoutMs: 50 })
  const { req, res } = await asked(1)
  const left = once(req.socket, 'close')
  open(res, '1.0')
  await left
  await says('disconnected')
  open((await asked(2)).res, '1.0')
})

test('waits longer with each failure, and not at all when it is told to go on', async () => {
  const live = start({ firstDelayMs: 20_000, maxDelayMs: 20_000 })
  ;(await asked(1)).res.destroy()
  await says('disconnected')
  live.reconnect()
  open((await asked(2)).res, '1.0')
  await says('live')
})

test('says nothing more once it is closed', async () => {
  const live = start()
  const { req, res } = await asked(1)
  open(res, '1.0')
  await says('live')
  const left = once(req.socket, 'close')
  live.close()
  await left
  expect(said).toEqual(['connecting', 'live'])
})
