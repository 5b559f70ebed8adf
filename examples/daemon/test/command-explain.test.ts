/** `logwisp explain`: the table of guarantees, and what a person sees of it. */

import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { command, removeDirectory, temporaryDirectory } from './command-process.ts'
import { type ExplainedPipeline, explained } from './explained.ts'

const dead_letter = { directory: 'rejected' }

describe('the weakest link', () => {
  const disk = { type: 'file', options: { path: '/var/log/app.log' } }
  const kept = { type: 'file', options: { directory: '/srv', name: 'app' } }
  const live = { type: 'http' }

  test.each<[string, ExplainedPipeline, RegExp, string | undefined]>([
    [
      'from files to a file nothing is lost',
      { sources: [disk], sinks: [kept] },
      /^None: at least once from end to end, but for what is said above\. After a crash/,
      undefined,
    ],
    [
      'viewers beside a file do not weaken it: they are live on purpose',
      { sources: [disk], sinks: [live, kept] },
      /^None/,
      undefined,
    ],
    [
      'with viewers alone nothing keeps the entries',
      { sources: [disk], sinks: [live, { type: 'tcp' }, { type: 'websocket', options: { port: 1 } }] },
      /^Nothing keeps the entries/,
      'add a sink that keeps entries, such as `file`',
    ],
    [
      'standard input cannot be read again',
      { sources: [disk, { type: 'stdin' }], sinks: [kept] },
      /^stdin → app: at most once: stdin can't be read again/,
      'let the program write to a file, and follow that with a `file` source; or put a disk buffer before each sink that keeps entries (`buffer = { type = "disk", directory = … }`): what was taken is safe there however slow the sink is',
    ],
    [
      'a disk buffer before each sink makes what is lost of it small',
      { sources: [{ type: 'stdin' }], sinks: [live, { ...kept, buffer: { type: 'disk', directory: 'spool' } }] },
      /^stdin → app: at most once: .* is not in the disk buffer yet \(synced, every 100 ms\) is lost in a crash\.$/,
      'let the program write to a file, and follow that with a `file` source',
    ],
    [
      'one before one of two sinks does not',
      {
        sources: [{ type: 'stdin' }],
        sinks: [{ type: 'stdout' }, { ...kept, buffer: { type: 'disk', directory: 'spool' } }],
      },
      /^stdin → app: at most once: .* so what was taken and not written is lost in a crash\.$/,
      expect.stringMatching(/or put a disk buffer before each sink/) as unknown as string,
    ],
    [
      'a disk buffer that waits when it is full weakens nothing',
      { sources: [disk], sinks: [{ ...kept, buffer: { type: 'disk', directory: 'spool' } }] },
      /^None/,
      undefined,
    ],
    [
      'one that drops when it is full',
      {
        sources: [disk],
        sinks: [
          { ...kept, buffer: { type: 'spill', directory: 'spool', max_size_mb: 5000, when_full: 'drop-oldest' } },
        ],
      },
      /^app → spill buffer spool: when 5,000 MB wait on the disk, the oldest are dropped, and counted\.$/,
      'say `when_full = "block"` in the buffer, which makes the pipeline wait instead',
    ],
    [
      'one that is never synced',
      { sources: [disk], sinks: [{ ...kept, buffer: { type: 'disk', directory: 'spool', fsync: 'never' } }] },
      /^app → disk buffer spool: done for its source once written: safe when the program crashes, not when the machine/,
      'say `fsync = "interval"` in the buffer',
    ],
    [
      'a memory buffer weakens nothing where sources read again',
      { sources: [disk], sinks: [{ ...kept, buffer: { type: 'memory' } }] },
      /^None/,
      undefined,
    ],
    [
      'unless it drops',
      { sources: [disk], sinks: [{ ...kept, buffer: { type: 'memory', max_entries: 9, when_full: 'drop-newest' } }] },
      /^app → memory buffer: when 9 entries or 16,777,216 bytes wait in memory, the newest are dropped, and counted\.$/,
      'say `when_full = "block"` in the buffer, which makes the pipeline wait instead',
    ],
    [
      'an http source answers before the sinks have it, unless it is told otherwise',
      { sources: [{ type: 'http', options: { port: 1 } }], sinks: [kept] },
      /^http 127\.0\.0\.1:1\/ingest → app: at least once for clients that ask/,
      'say `respond = "delivered"`, so that every client is answered when the sinks have it',
    ],
    [
      'with `respond = "accepted"` it always does',
      { sources: [{ type: 'http', options: { port: 1, respond: 'accepted' } }], sinks: [kept] },
      /at most once: answered with 202/,
      'say `respond = "delivered"`, so that clients are answered when the sinks have it',
    ],
    [
      'with `respond = "delivered"` it never does',
      { sources: [{ type: 'http', options: { port: 1, respond: 'delivered' } }], sinks: [kept] },
      /^None/,
      undefined,
    ],
    [
      'a tcp source is as good as its sender',
      { sources: [{ type: 'tcp', options: { port: 1 } }], sinks: [kept] },
      /^tcp 127\.0\.0\.1:1 → app: at least once from a LogWisp/,
      'send with a LogWisp: `tcp_client` with `protocol = "logwisp"`',
    ],
    [
      'syslog tells its sender nothing',
      { sources: [{ type: 'tcp', options: { port: 1, framing: 'octet-counted' } }], sinks: [kept] },
      /at most once: syslog tells its sender nothing/,
      'follow the file of the syslog daemon instead, or send with a LogWisp next to it',
    ],
    [
      'a stream from a server reaches as far back as its ring',
      { sources: [{ type: 'sse', options: { url: 'https://u:p@logs.example/stream?token=x' } }], sinks: [kept] },
      /^sse https:\/\/logs\.example\/stream → app: asked for again after the last id/,
      'let the other side send it: `http_client` with `respond = "delivered"`, or `tcp_client` with `protocol = "logwisp"`',
    ],
    [
      'the same over WebSocket, where clients may also connect to us',
      { sources: [{ type: 'websocket', options: { port: 1 } }], sinks: [kept] },
      /^websocket 127\.0\.0\.1:1\/ingest → app: at least once from clients that ask/,
      undefined,
    ],
    [
      'a rate limit that drops',
      { sources: [disk], sinks: [kept], rate_limit: { rate: 5, policy: 'drop', max_entry_size_bytes: 9 } },
      /^rate_limit → app: more than 5 a second, and entries longer than 9 bytes, are dropped, and counted\.$/,
      'say `rate_limit.policy = "wait"`, which slows the sources down instead',
    ],
    [
      'one that waits drops nothing',
      { sources: [disk], sinks: [kept], rate_limit: { rate: 5, policy: 'wait' } },
      /^None/,
      undefined,
    ],
    [
      'one that lets everything pass is none, but for its bound of the size',
      { sources: [disk], sinks: [kept], rate_limit: { rate: 5, max_entry_size_bytes: 9 } },
      /^rate_limit → app: entries longer than 9 bytes are dropped/,
      'leave `rate_limit.max_entry_size_bytes` out, and bound the lines in the sources',
    ],
    [
      'a sink that drops when it is full',
      {
        sources: [disk],
        sinks: [{ ...kept, options: { ...kept.options, when_full: 'drop-oldest', buffer_size: 5000 } }],
      },
      /^app → file: when 5,000 entries wait for it, the oldest are dropped, and counted\.$/,
      'say `when_full = "block"`, which makes the pipeline wait instead',
    ],
    [
      'a file that is never synced survives a crash of the program only',
      { sources: [disk], sinks: [{ ...kept, options: { ...kept.options, fsync: 'never' } }] },
      /safe when the program crashes, not when the machine does/,
      'say `fsync = "interval"`',
    ],
    [
      'a server that answers 2xx is believed',
      { sources: [disk], sinks: [{ type: 'http_client', options: { url: 'http://a/b', dead_letter } }] },
      /^http_client → http:\/\/a\/b: acknowledged by the peer when it has answered 2xx/,
      'say `respond = "delivered"`, if the peer is a LogWisp',
    ],
    [
      'what a server refuses for good is dropped',
      { sources: [disk], sinks: [{ type: 'http_client', options: { url: 'http://a/b', respond: 'delivered' } }] },
      /^http_client → rejected: entries that the server refuses for good \(400, 413, 422\) are dropped, and counted\.$/,
      'say `dead_letter = { directory = … }`, where they are kept for `logwisp replay`',
    ],
    [
      'retries that have an end drop, too',
      {
        sources: [disk],
        sinks: [{ type: 'http_client', options: { url: 'http://a/b', respond: 'delivered', max_retries: 3 } }],
      },
      /, and those of batches that it has not taken after 3 retries, are dropped, and counted/,
      'say `dead_letter = { directory = … }`, where they are kept for `logwisp replay`; leave `max_retries` and `max_retry_seconds` out, and batches are sent until they are taken',
    ],
    [
      'unless they are kept',
      {
        sources: [disk],
        sinks: [
          { type: 'http_client', options: { url: 'http://a/b', respond: 'delivered', max_retries: 3, dead_letter } },
        ],
      },
      /^None/,
      undefined,
    ],
    [
      'for as long as there is room for them',
      {
        sources: [disk],
        sinks: [
          {
            type: 'http_client',
            options: {
              url: 'http://a/b',
              respond: 'delivered',
              dead_letter: { ...dead_letter, when_full: 'drop-oldest' },
            },
          },
        ],
      },
      /^http_client → dead letters rejected: .* beyond 1,000 MB the oldest file is dropped, and counted\.$/,
      'say `when_full = "block"` in `dead_letter`, which makes the sink wait instead',
    ],
    [
      'plain lines over TCP are lost in a cut',
      { sources: [disk], sinks: [{ type: 'tcp_client', options: { address: 'a:1' } }] },
      /^tcp_client → a:1: done when the system has taken it: what is on its way/,
      'say `protocol = "logwisp"`, if the peer is a LogWisp',
    ],
    [
      'a LogWisp that acknowledges',
      { sources: [disk], sinks: [{ type: 'tcp_client', options: { address: 'a:1', protocol: 'logwisp' } }] },
      /^None/,
      undefined,
    ],
    [
      'unless nobody waits for that',
      {
        sources: [disk],
        sinks: [{ type: 'tcp_client', options: { address: 'a:1', protocol: 'logwisp', acknowledge: 'written' } }],
      },
      /what is on its way when the connection breaks is lost/,
      'say `acknowledge = "peer"`',
    ],
    [
      'standard output is as safe as what reads it',
      { sources: [disk], sinks: [{ type: 'stdout' }] },
      /^stdout → stdout: done when the system has taken it: as safe as what reads it\.$/,
      'add a `file` sink',
    ],
    [
      'or drops, once its reader has gone',
      { sources: [disk], sinks: [{ type: 'stderr', options: { when_closed: 'drop' } }] },
      /once its reader has gone everything is dropped/,
      'say `when_closed = "error"`',
    ],
  ])('%s', (_, pipeline, weakest, advice) => {
    const explanation = explained(pipeline)
    expect(explanation.weakest).toMatch(weakest)
    expect(explanation.advice[0]).toEqual(advice)
  })

  test('formats that leave something out for whoever reads them are told, W7, and so is an order that is not kept', () => {
    const url = 'http://a/b'
    expect(
      explained({
        sources: [disk],
        sinks: [
          { type: 'http_client', options: { url, respond: 'delivered', format: 'raw', dead_letter } },
          { type: 'tcp_client', options: { address: 'a:1', protocol: 'logwisp', format: 'raw' } },
          { type: 'http_client', options: { url, respond: 'delivered', max_in_flight: 4, dead_letter } },
          { ...kept, options: { ...kept.options, format: 'raw' } },
        ],
      }).advice,
    ).toEqual([
      'for http_client, say `format = "wire"`, if a LogWisp reads it, or `"json"`: as `raw` it has no time, level, source and fields',
      'for http_client, say `max_in_flight = 1`, which keeps the order',
    ])
  })
})

describe('what a promise does not cover', () => {
  const exceptOf = (options: object, type = 'file'): readonly string[] =>
    explained({ sources: [{ type, options: { path: '/x', ...options } }], sinks: [{ type: 'stdout' }] }).links[0]
      ?.guarantee.except ?? []

  test('of files: what no follower can read, and what this one is told not to', () => {
    expect(exceptOf({})).toEqual([
      expect.stringMatching(/^lines that are there before the first start: say `start_at = "beginning"`/),
      expect.stringMatching(
        /^lines between the copy and the cut of a rotation by `copytruncate`: .* Rotate with `create`$/,
      ),
      expect.stringMatching(/^rotated files that are removed, or compressed out of sight, before they are read/),
      'lines written to a rotated file later than 5 s after the rotation (`rotate_delay_ms`)',
      'the rest of lines longer than 1,048,576 bytes, counted: `when_line_too_long = "split"` gives all of them',
    ])
    expect(exceptOf({ when_line_too_long: 'skip', max_line_bytes: 100 }).at(-1)).toMatch(/^lines longer than 100 bytes/)
    expect(exceptOf({ when_line_too_long: 'split', start_at: 'beginning', rotate_delay_ms: 250 })).toEqual([
      expect.stringMatching(/copytruncate/),
      expect.stringMatching(/removed/),
      expect.stringMatching(/later than 0\.25 s after/),
    ])
    expect(exceptOf({}, 'directory')[3]).toMatch(/to a file whose rotated name does not match `pattern`$/)
  })

  test('positions wait for whoever takes entries over: a sink, or the disk buffer before it', () => {
    const words = (...sinks: object[]): string | undefined =>
      explained({ sources: [{ type: 'file', options: { path: '/x' } }], sinks }).links[0]?.guarantee.words
    const file = (name: string, more: object = {}): object => ({
      type: 'file',
      options: { directory: '/y', name },
      ...more,
    })
    const onDisk = (directory: string): object => ({ buffer: { type: 'disk', directory } })
    expect(words(file('a'))).toMatch(/when every sink has it,/)
    expect(words(file('a', onDisk('s')), file('b'))).toMatch(/when every sink, or the disk buffer before it, has it,/)
    expect(words(file('a', onDisk('s')), { type: 'http' })).toMatch(/when the disk buffer has it,/)
    expect(words(file('a', onDisk('s')), file('b', onDisk('t')))).toMatch(/when every disk buffer has it,/)
  })
})

describe('what a person sees', () => {
  let cwd: string
  beforeAll(async () => {
    cwd = await temporaryDirectory()
    await mkdir(join(cwd, 'logs'))
    await writeFile(
      join(cwd, 'logwisp.toml'),
      `router = true
[[pipelines]]
name = "app"
rate_limit = { rate = 1000, policy = "drop" }
filters = [{ patterns = ["ERROR", "WARN"] }, { type = "level", minimum = "warn" }]
sources = [{ type = "directory", options = { path = "logs", pattern = "*.log" } }, { type = "stdin" }]
sinks = [{ type = "http" }, { type = "file", options = { directory = "out", name = "app" } }]
`,
    )
  })
  afterAll(() => removeDirectory(cwd))

  const explain = async (width: number, ...words: string[]): Promise<string> => {
    const { code, stdout } = await command(['explain', ...words], { cwd, environment: { COLUMNS: String(width) } })
    expect(code).toBe(0)
    return stdout
  }

  test('a picture from left to right where there is room', async () => {
    expect(await explain(130)).toBe(`app

┌─ sources ────────┐    ┌─ limits ─────┐    ┌─ filters ─────────────┐    ┌─ sinks ─────────────────────┐
│ directory        │    │ 1000/s: drop │    │ include ERROR or WARN │    │ http                        │
│   logs/*.log     │    │              │    │ level ≥ warn          │    │   127.0.0.1:8080/app/stream │
│ stdin            │ ─▶ │              │ ─▶ │                       │ ─▶ │ file                        │
│   standard input │    │              │    │                       │    │   out/app.log               │
└──────────────────┘    └──────────────┘    └───────────────────────┘    └─────────────────────────────┘

  directory logs/*.log → app
    at least once: the position is saved when every sink has it, and read again from there
    but not
    - lines that are there before the first start: say \`start_at = "beginning"\`, if they are wanted
    - lines between the copy and the cut of a rotation by \`copytruncate\`: they are in no file. Rotate with \`create\`
    - rotated files that are removed, or compressed out of sight, before they are read: keep them for longer than a sink may be
      down
    - lines written later than 5 s after the rotation (\`rotate_delay_ms\`) to a file whose rotated name does not match \`pattern\`
    - the rest of lines longer than 1,048,576 bytes, counted: \`when_line_too_long = "split"\` gives all of them
  stdin → app
    at most once: stdin can't be read again, so what was taken and not written is lost in a crash
  rate_limit → app
    more than 1000 a second are dropped, and counted
  http → 127.0.0.1:8080/app/stream
    viewers see what comes while they look, ring of 100,000 entries for those who come back
  app → file
    the pipeline waits while the sink does not keep up
  file → out/app.log
    done when it is on the disk (synced every 100 ms): safe from a power cut

Weakest link
    stdin → app: at most once: stdin can't be read again, so what was taken and not written is lost in a crash.
Stronger with
  - let the program write to a file, and follow that with a \`file\` source; or put a disk buffer before each sink that keeps
    entries (\`buffer = { type = "disk", directory = … }\`): what was taken is safe there however slow the sink is
  - say \`rate_limit.policy = "wait"\`, which slows the sources down instead
`)
  })

  test('one box below the other where there is not, and nothing wider than the terminal', async () => {
    const text = await explain(44)
    expect(text).toContain(`┌─ filters ────────────────────────────────┐
│ include ERROR or WARN                    │
│ level ≥ warn                             │
└──────────────────────────────────────────┘
                     ▼
┌─ sinks ──────────────────────────────────┐
`)
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(44)
  })

  test('--json has what is behind the picture', async () => {
    const { pipelines } = JSON.parse(await explain(80, '--json')) as { pipelines: ReturnType<typeof explained>[] }
    expect(pipelines[0]?.links[1]).toMatchObject({ from: 'stdin', to: 'app', guarantee: { strength: 'at-most-once' } })
  })
})
