/**
 * Every example configuration, ours and those of LogWisp in Go, runs: the daemon is started from the file, a line goes
 * in at each source, the right line comes out of each sink, what the file says of filters, limits and access holds, and
 * SIGTERM ends it with 0. What has to come out is found from the file.
 */

import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { appendFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { connect as connectTls } from 'node:tls'
import { acknowledge, type LogEntry } from '@logwisp/core'
import { tcpSource } from '@logwisp/sources'
import { afterAll, describe, expect, test, vi } from 'vitest'
import { type ExampleDaemon, exampleFolder, startExample } from './config-run/example-daemon.ts'
import { httpReceiver } from './config-run/far-sides.ts'
import { freePort } from './config-run/free-ports.ts'
import { type Line, type PutIn, post, putIn } from './config-run/lines-in.ts'
import { isLine, listenAt, type Output, viewersKnown } from './config-run/lines-out.ts'
import { anyLines, type Row, rows, tried } from './config-run/rows.ts'

const files = readdirSync(exampleFolder, { recursive: true, encoding: 'utf8' }).filter((file) =>
  /\.(toml|json|yaml)$/.test(file),
)

/** A daemon with everything takes its time on a busy machine. */
const timeoutMs = 60_000

let edges = 0
let ran = 0
const kinds = new Set<string>()
afterAll(() => {
  console.info(
    `${ran} configurations ran, in which entries go ${edges} ways from a source to a sink, ${kinds.size} kinds: ${[...kinds].sort().join(', ')}`,
  )
})

test('none is left out', () => {
  expect([...Object.keys(rows), ...tried].sort()).toEqual(files.sort())
})

describe.concurrent('each configuration', () => {
  test.each(Object.entries(rows))('%s', { timeout: timeoutMs }, async (file, row) => {
    const before = readFileSync(join(exampleFolder, file), 'utf8')
    const example = await startExample(file, await row.options?.(file))
    try {
      const outputs = await listen(example, row)
      await viewersKnown(example)
      await run(example, row, outputs)
      await row.also?.(example, outputs)
      for (const output of outputs.values()) output.close()
      await stop(example)
    } catch (error) {
      throw new Error(`${(error as Error).message}\n--- what ${file} said:\n${example.daemon.output().slice(-4000)}`, {
        cause: error,
      })
    } finally {
      await example.close()
    }
    row.log?.(example.daemon.output())
    expect(readFileSync(join(exampleFolder, file), 'utf8')).toBe(before)
    ran++
  })

  test('chain-edge.toml and chain-collector.toml, the one to the other', { timeout: timeoutMs }, async () => {
    const directory = await mkdtemp(join(tmpdir(), 'logwisp-chain-'))
    const token = join(directory, 'token')
    await writeFile(token, 'a-token-that-nobody-guesses-for-the-edge\n', { mode: 0o600 })
    const client = 'pipelines.0.sources.0.options.auth.bearer_auth.clients.0.token'
    const collector = await startExample('chain-collector.toml', { flags: { [client]: `file:${token}` } })
    const port = collector.port(9100)
    // The first address is one where nobody is.
    const address = JSON.stringify([`localhost:${await freePort()}`, `localhost:${port}`])
    const edge = await startExample('chain-edge.toml', {
      certificates: collector.certificates,
      environment: { COLLECTOR_TOKEN: 'a-token-that-nobody-guesses-for-the-edge' },
      flags: { 'pipelines.0.sinks.0.options.address': address },
    })
    try {
      await appendFile(join(edge.root, 'var/log/app/app.log'), anyLines.map(({ text }) => `${text}\n`).join(''))
      const all = join(collector.root, 'var/lib/logwisp/all/all.log')
      await vi.waitFor(async () => expect((await readFile(all, 'utf8')).split('\n')).toHaveLength(3), 15_000)
      const entries = (await readFile(all, 'utf8'))
        .split('\n')
        .slice(0, -1)
        .map((text) => JSON.parse(text))
      expect(entries).toMatchObject(anyLines.map(({ text }) => ({ message: text, source: 'app.log' })))
      // Who has no token is told so, and what it sends goes nowhere.
      const stranger = connectTls({ host: '127.0.0.1', port, ca: collector.certificates.ca })
      stranger.on('error', () => {}).resume()
      stranger.write('{"message":"let me in"}\n')
      await once(stranger, 'close')
      await stop(edge)
      await stop(collector)
      expect(await readFile(all, 'utf8')).not.toContain('let me in')
    } catch (error) {
      throw new Error(`${(error as Error).message}\n${edge.daemon.output()}\n${collector.daemon.output()}`, {
        cause: error,
      })
    } finally {
      await edge.close()
      await collector.close()
      await rm(directory, { recursive: true, force: true })
    }
    ran += 2
    edges += 2
  })

  test('buffered-edge.toml, to an endpoint and to a LogWisp', { timeout: timeoutMs }, async () => {
    const directory = await mkdtemp(join(tmpdir(), 'logwisp-buffered-'))
    const endpoint = await httpReceiver()
    const collector = tcpSource({ port: 0 })
    const collected: string[] = []
    const collecting = pipeline(collector, async (entries: AsyncIterable<LogEntry>) => {
      for await (const entry of entries) {
        collected.push(entry.message)
        acknowledge(entry)
      }
    })
    await once(collector, 'listening')
    const edge = await startExample('buffered-edge.toml', {
      temporary: directory,
      flags: {
        'pipelines.0.sinks.0.options.url': `http://127.0.0.1:${endpoint.port}/ingest`,
        'pipelines.0.sinks.0.options.dead_letter.directory': join(directory, 'rejected'),
        'pipelines.0.sinks.0.buffer.directory': join(directory, 'to-api'),
        'pipelines.0.sinks.1.options.address': `127.0.0.1:${collector.address?.port}`,
        'pipelines.0.sinks.1.buffer.directory': join(directory, 'to-collector'),
      },
    })
    try {
      const texts = anyLines.map(({ text }) => text)
      await appendFile(join(edge.root, 'var/log/app/app.log'), texts.map((text) => `${text}\n`).join(''))
      expect(await post(edge, `http://127.0.0.1:${edge.port(8090)}/ingest`, '{"message":"posted"}')).toBe(200)
      const all = [...texts, 'posted'].sort()
      await vi.waitFor(() => expect(collected.toSorted()).toEqual(all), 15_000)
      const messages = (): string[] => endpoint.texts.map((text) => JSON.parse(text).message)
      await vi.waitFor(() => expect(messages().sort()).toEqual(all), 15_000)
      expect(await readdir(join(directory, 'to-api'))).not.toEqual([])
      const { memory } = await edge.status()
      expect(memory.budget).toMatchObject({ max_bytes: 128_000_000 })
      await stop(edge)
    } catch (error) {
      throw new Error(`${(error as Error).message}\n${edge.daemon.output()}`, { cause: error })
    } finally {
      await edge.close()
      endpoint.close()
      collector.stop()
      await collecting
    }
    ran++
    edges += 4
  })
})

async function listen(example: ExampleDaemon, row: Row): Promise<Map<string, Output>> {
  const outputs = new Map<string, Output>()
  for (const [p, { name, sinks }] of example.config.pipelines.entries()) {
    for (const [k, sink] of sinks.entries()) {
      const path = `pipelines.${p}.sinks.${k}`
      const prefix = example.config.router ? `/${name}` : ''
      outputs.set(path, await listenAt(example, path, sink, prefix, row.viewer))
      kinds.add(`${sink.type} sink`)
    }
  }
  return outputs
}

/** What is dropped first, so that it would have come out before what has to. */
async function run(example: ExampleDaemon, row: Row, outputs: ReadonlyMap<string, Output>): Promise<void> {
  const { passes = anyLines, dropped = [] } = row
  const sender = row.sender === undefined ? {} : { headers: row.sender }
  for (const [p, pipeline] of example.config.pipelines.entries()) {
    const went: [Line, PutIn][] = []
    for (const [s, source] of pipeline.sources.entries()) {
      const path = `pipelines.${p}.sources.${s}`
      kinds.add(`${source.type} source`)
      for (const each of dropped) await putIn(example, path, source, each, sender)
      for (const each of passes) {
        const line = { ...each, text: `${each.text} ${path}` }
        went.push([line, await putIn(example, path, source, line, sender)])
      }
      edges += pipeline.sinks.length
    }
    for (const [line, put] of went) await comesOutEverywhere(p, line, put)
    for (const [k, { type }] of pipeline.sinks.entries()) {
      const texts = outputs.get(`pipelines.${p}.sinks.${k}`)?.texts() ?? []
      for (const { text } of dropped)
        expect(
          texts.filter((each) => each.includes(text)),
          type,
        ).toEqual([])
    }
  }

  async function comesOutEverywhere(p: number, line: Line, put: PutIn): Promise<void> {
    const pipeline = example.config.pipelines[p] as (typeof example.config.pipelines)[number]
    for (const [k, sink] of pipeline.sinks.entries()) {
      const output = outputs.get(`pipelines.${p}.sinks.${k}`) as Output
      const wanted = isWanted(sink, pipeline.sinks.length, line.level)
      if (!wanted) continue
      await vi.waitFor(() => {
        const found = output.texts().filter((text) => isLine(text, line, put, sink, pipeline))
        expect(found, `${line.text} out of ${sink.type}; there is: ${output.texts().join('\n')}`).toHaveLength(1)
      }, 15_000)
    }
    // The half of another one.
    for (const [k, sink] of pipeline.sinks.entries()) {
      if (isWanted(sink, pipeline.sinks.length, line.level)) continue
      expect(
        outputs
          .get(`pipelines.${p}.sinks.${k}`)
          ?.texts()
          .filter((text) => text.includes(line.text)),
      ).toEqual([])
    }
  }
}

/** Two split sinks have a half each. */
function isWanted(
  { type, options }: ExampleDaemon['config']['pipelines'][number]['sinks'][number],
  sinks: number,
  level: string,
): boolean {
  if (!('target' in options) || options.target !== 'split' || sinks < 2) return true
  return (type === 'stderr') === (level === 'ERROR' || level === 'WARN')
}

async function stop({ config, daemon, root }: ExampleDaemon): Promise<void> {
  if (!config.background) {
    daemon.child.kill('SIGTERM')
    expect(await daemon.exit).toBe(0)
    return
  }
  const pid = Number(await readFile(join(root, 'logwisp.pid'), 'utf8'))
  process.kill(pid, 'SIGTERM')
  await vi.waitFor(() => expect(() => process.kill(pid, 0)).toThrow(), 15_000)
  expect(await readFile(join(root, 'var/log/logwisp/logwisp.log'), 'utf8')).toContain(
    'everything that was read is delivered',
  )
}
