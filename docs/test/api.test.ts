/** Every call of docs/api.md is made, and answers what it says there. */

import { execFile, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { root } from '../../.config/published-packages.ts'
import { logsApi, openApiDocument } from '../../packages/api/src/index.ts'
import { openStore } from '../../packages/store/src/index.ts'

const page = readFileSync(join(root, 'docs/api.md'), 'utf8')
const block = /<!-- run: with an API at \$URL -->\n```sh\n([\s\S]*?)```/.exec(page)?.[1] ?? ''

/** Each call, with the answer that follows it. */
const calls = block
  .split(/^(?=[^#\n])/m)
  .map((part) => part.trimEnd().split('\n'))
  .map(([call = '', ...answer]) => ({ call, answer: answer.map((line) => line.replace(/^# ?/, '')).join('\n') }))

const missing = ['curl', 'grep', 'head', 'sh'].filter((program) => spawnSync(program, ['--help']).error !== undefined)
if (missing.length > 0) console.warn(`SKIPPED: the calls of docs/api.md are not run: ${missing.join(', ')} missing`)

/** The positions of the stream that an answer tells. */
function positionsIn(text: string): string[] {
  return [...text.matchAll(/(?:"live":"|^id: )(\d+\.\d+)/gm)].map(([, position]) => position as string)
}

/** What curl prints; it fails on purpose where a stream is left. */
function run(call: string, url: string): Promise<string> {
  return new Promise((resolve) => {
    execFile('sh', ['-c', call], { env: { ...process.env, URL: url } }, (_, stdout) => resolve(stdout))
  })
}

test('the page has a call for every path of the document', () => {
  for (const path of Object.keys(openApiDocument().paths)) {
    expect(block, path).toContain(`$URL${path.replace('{id}', '')}`)
  }
})

test.skipIf(missing.length > 0)('every call answers what the page says', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'logwisp-docs-api-'))
  const store = await openStore(join(folder, 'logs.db'))
  const api = logsApi(store, { port: 0 })
  const [{ port }] = (await once(api, 'listening')) as [AddressInfo]
  // How many commits entries take is nobody's promise, and so a position is another one than the page's.
  const positions = new Map<string, string>()
  const here = (text: string): string => text.replace(/\b\d+\.\d+\b(?=["\n]|$)/g, (one) => positions.get(one) ?? one)
  for (const { call, answer } of calls) {
    const said = (await run(here(call), `http://127.0.0.1:${port}`)).replaceAll('\r', '').trimEnd()
    const actual = positionsIn(said)
    for (const [at, position] of positionsIn(answer).entries()) positions.set(position, actual[at] ?? 'missing')
    expect.soft(said, call).toBe(here(answer))
  }
  await api.close()
  await store.close()
  rmSync(folder, { recursive: true })
})
