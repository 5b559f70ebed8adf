/** README's pipeline as a program: only errors and warnings, with the host added, in the file and in the stream. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url))

test('keeps errors and warnings, drops health checks, adds the host, writes and shows the rest', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'pipeline-'))
  const output = join(directory, 'errors')
  await writeFile(join(directory, 'a.log'), 'INFO fine\nERROR one\nWARN GET /healthz 500\n')
  await writeFile(join(directory, 'b.log'), '2026-11-21T10:00:00.000Z WARN two\n')
  const child = spawn(process.execPath, ['--import', 'tsx', '--conditions=@logwisp/source', main, directory, output], {
    env: { ...process.env, PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(child, 'exit')
  const [url] = (await once(createInterface(child.stdout), 'line')) as [string]

  const stop = new AbortController()
  const seen = new Set<unknown>()
  let text = ''
  for await (const chunk of (await fetch(`${url}?backlog=10`, { signal: stop.signal })).body ?? []) {
    text += Buffer.from(chunk).toString()
    for (const [, data] of text.matchAll(/^data: (.*)\n\n/gm)) seen.add(JSON.parse(data as string).message)
    if (seen.size === 2) break
  }
  stop.abort()
  expect(seen).toEqual(new Set(['ERROR one', '2026-11-21T10:00:00.000Z WARN two']))

  child.kill('SIGTERM')
  expect((await ended)[0]).toBe(0)
  const written = (await readFile(join(output, 'errors.log'), 'utf8')).trimEnd().split('\n')
  const entries = written.map((line) => JSON.parse(line)).sort((a, b) => a.message.localeCompare(b.message))
  expect(entries).toEqual([
    {
      time: '2026-11-21T10:00:00.000Z',
      source: join(directory, 'b.log'),
      level: 'warn',
      message: '2026-11-21T10:00:00.000Z WARN two',
      fields: { host: hostname() },
    },
    expect.objectContaining({ level: 'error', message: 'ERROR one', fields: { host: hostname() } }),
  ])
  await rm(directory, { recursive: true })
})
