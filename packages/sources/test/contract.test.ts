/** Every source keeps the contract of sources. */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { type ContractCheck, checkOptionErrors, sampleLines, sourceContract } from '@logwisp/core/testing'
import { afterAll, describe, test } from 'vitest'
import { directorySource, fileSource, stdinSource } from '../src/index.ts'

function keeps(name: string, contract: readonly ContractCheck[]): void {
  describe(name, () => {
    for (const check of contract) test(check.name, check.run)
  })
}

const base = mkdtempSync(join(tmpdir(), 'logwisp-sources-contract-'))
afterAll(() => rmSync(base, { recursive: true, force: true }))

const lines = sampleLines(400)
const text = `${lines.join('\n')}\n`
const file = join(base, 'app.log')
writeFileSync(file, text)
const directory = join(base, 'logs')
mkdirSync(directory)
const files = { 'a.log': lines.slice(0, 150), 'b.log': lines.slice(150, 151), 'c.log': lines.slice(151) }
for (const [name, part] of Object.entries(files)) writeFileSync(join(directory, name), `${part.join('\n')}\n`)
const byPath = Object.fromEntries(Object.entries(files).map(([name, part]) => [join(directory, name), part]))

const whole = { messages: lines, rereads: true }
keeps(
  'fileSource to the end',
  sourceContract(() => fileSource(file, { follow: false }), whole),
)
keeps(
  'fileSource that follows',
  sourceContract(() => fileSource(file, { startAt: 'beginning' }), { ...whole, endless: true }),
)
keeps(
  'fileSource that polls',
  sourceContract(() => fileSource(file, { startAt: 'beginning', watch: false, pollIntervalMs: 10 }), {
    ...whole,
    endless: true,
  }),
)

const several = { messages: byPath, rereads: true }
keeps(
  'directorySource to the end',
  sourceContract(() => directorySource(directory, { follow: false, startAt: 'beginning' }), several),
)
keeps(
  'directorySource that follows',
  sourceContract(() => directorySource(directory, { startAt: 'beginning' }), { ...several, endless: true }),
)

/** Cut where it hurts: within lines, line endings and characters. */
function* pieces(): Generator<Buffer> {
  const bytes = Buffer.from(text)
  for (let at = 0; at < bytes.length; at += 37) yield bytes.subarray(at, at + 37)
}
keeps(
  'stdinSource',
  sourceContract(() => stdinSource({ input: Readable.from(pieces(), { objectMode: false }) }), { messages: lines }),
)

test('every source refuses bad options', () => {
  checkOptionErrors((options) => fileSource(file, options), {
    startAt: ['start', -1, 1.5],
    maxLineBytes: [0, 15, '100'],
    whenLineTooLong: ['drop'],
    encoding: ['utf-32'],
    pollIntervalMs: [9, 60_001],
    follow: ['yes'],
    rotateDelayMs: [-1],
  })
  checkOptionErrors((options) => directorySource(directory, options), {
    follow: [1],
    pollIntervalMs: [0],
    recursive: ['yes'],
  })
  checkOptionErrors((options) => stdinSource(options), { input: ['text', {}], source: [''], maxLineBytes: [0] })
})
