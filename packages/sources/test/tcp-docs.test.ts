/** The shell examples of docs/tcp.md do what the page says that they do. */

import { execFile, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { encodeEntry } from '@logwisp/core'
import { expect, test } from 'vitest'
import { tcpSource } from '../src/tcp-source.ts'
import { collect } from './collect.ts'

const page = readFileSync(new URL('../../../docs/tcp.md', import.meta.url), 'utf8')
const blocks = [...page.matchAll(/^```(\w+)\n(.*?)^```$/gms)].map(([, kind, text]) => ({ kind, text: text as string }))
const isThere = spawnSync('nc', ['-h']).error === undefined
if (!isThere) console.warn('nc (netcat-openbsd) is not installed: the examples of docs/tcp.md are not run')

const examples = blocks.flatMap(({ kind, text }, i) => {
  if (kind !== 'sh') return []
  const [entries, answer] = blocks.slice(i + 1, i + 3)
  return [{ command: text, entries: entries?.text ?? '', answer: answer?.kind === 'text' ? answer.text : '' }]
})

test('docs/tcp.md has examples', () => {
  expect(examples.length).toBeGreaterThanOrEqual(3)
})

for (const { command, entries, answer } of examples) {
  test.skipIf(!isThere)(`docs/tcp.md: ${command.trim().slice(0, 70)}`, async () => {
    const read = collect(tcpSource({ port: 0 }))
    await once(read.source, 'listening')
    const { port } = read.source.address as { port: number }
    const { stdout } = await promisify(execFile)('bash', ['-c', command.replace('9000', String(port))])
    expect(stdout).toBe(answer)
    const expected = entries
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    await read.messages(expected.length)
    await read.stop()
    expect(read.entries.map((entry) => JSON.parse(encodeEntry(entry)))).toMatchObject(expected)
  })
}
