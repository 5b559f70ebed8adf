/** The curl examples of docs/http-source.md are run, and answer what they say. */

import { execFile, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { root } from '../../.config/published-packages.ts'
import { collectingSink } from '../../packages/core/src/testing.ts'
import { httpSource } from '../../packages/sources/src/index.ts'

const page = readFileSync(join(root, 'docs/http-source.md'), 'utf8')
const block = /<!-- run: with a source on \$URL -->\n```sh\n([\s\S]*?)```/.exec(page)?.[1] ?? ''
const lines = block.trimEnd().split('\n')
const examples = lines.flatMap((line, at) => (line.startsWith('# ') ? [[lines[at - 1] as string, line.slice(2)]] : []))

const missing = ['curl', 'gzip', 'sh'].filter((program) => spawnSync(program, ['--help']).error !== undefined)
if (missing.length > 0) console.warn(`the examples of docs/http-source.md are not run: ${missing.join(', ')} missing`)

test('the page has examples with answers', () => {
  expect(examples.length).toBeGreaterThanOrEqual(6)
})

test.skipIf(missing.length > 0)('every curl example answers what the page says', async () => {
  const source = httpSource({ port: 0 })
  const sink = collectingSink()
  const done = pipeline(source, sink)
  const [{ port }] = (await once(source, 'listening')) as [AddressInfo]
  const env = { ...process.env, URL: `http://127.0.0.1:${port}/ingest` }
  for (const [command, answer] of examples) {
    const { stdout } = await promisify(execFile)('sh', ['-c', command as string], { env })
    expect(stdout.trimEnd(), command).toBe(answer)
  }
  source.stop()
  await done
  expect(sink.messages).toContain('2026-01-31T23:59:59Z ERROR out of disk')
  expect(sink.entries.find(({ message }) => message === 'out of disk')).toMatchObject({
    level: 'error',
    fields: { code: 28 },
  })
})
