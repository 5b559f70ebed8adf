/** Standard input: nothing lost before the first reader, nothing read ahead of the last. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { PassThrough, Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { stdinSource } from '../src/index.ts'
import { collect } from './collect.ts'

const numbered = (count: number): string => Array.from({ length: count }, (_, index) => `line ${index}\n`).join('')

/** Runs a program of ours with a shell's input, and returns what it prints. */
async function piped(input: string, program: string): Promise<string> {
  const child = spawn(
    'sh',
    [
      '-c',
      `${input} | "${process.execPath}" --conditions=@logwisp/source --import tsx --input-type=module -e "$PROGRAM"`,
    ],
    {
      env: { ...process.env, PROGRAM: program },
      cwd: new URL('..', import.meta.url).pathname,
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  let printed = ''
  child.stdout.on('data', (data: Buffer) => {
    printed += data
  })
  await once(child, 'close')
  return printed
}

test('gives the lines of its input, the unfinished last one too, and ends with it', async () => {
  const reading = collect(
    stdinSource({ input: Readable.from([Buffer.from('one\ntw'), Buffer.from('o\r\nthr'), Buffer.from('ee')]) }),
  )
  expect(await reading.ended()).toEqual(['one', 'two', 'three'])
  expect(reading.source.stats).toMatchObject({ entriesIn: 3, entriesOut: 3, entriesHeld: 0, bytesIn: 14 })
  expect(reading.entries[0]).toMatchObject({ source: 'stdin', origin: undefined })
})

test('W8: what comes before anybody reads is not lost', async () => {
  const input = new PassThrough()
  const source = stdinSource({ input })
  input.end(numbered(500))
  await delay(150)
  expect(await collect(source).ended()).toHaveLength(500)
})

test('W8: 500 lines piped into a program that reads late all arrive', async () => {
  const printed = await piped(
    'seq 1 500',
    `import { stdinSource } from '@logwisp/sources'
     const source = stdinSource()
     await new Promise((resolve) => setTimeout(resolve, 300))
     let count = 0
     for await (const entry of source) count++
     console.log(count)`,
  )
  expect(printed).toBe('500\n')
})

test('W8b: 100,000 piped lines all arrive, in order, though the reader is slow', async () => {
  const printed = await piped(
    'seq 1 100000',
    `import { stdinSource } from '@logwisp/sources'
     let last = 0
     for await (const entry of stdinSource()) {
       if (Number(entry.message) !== ++last) throw new Error(entry.message)
       if (last % 5000 === 0) await new Promise((resolve) => setTimeout(resolve, 5))
     }
     console.log(last)`,
  )
  expect(printed).toBe('100000\n')
})

test('back-pressure: an input whose lines nobody takes is not read on', async () => {
  let given = 0
  const input = new Readable({
    read() {
      given++
      this.push(numbered(1000))
    },
  })
  const source = stdinSource({ input })
  const iterator = source[Symbol.asyncIterator]()
  await iterator.next()
  await delay(50)
  expect(given).toBeLessThan(20)
  source.destroy()
})

test('W10: stopping while lines come ends cleanly, with all that was read', async () => {
  const input = new PassThrough()
  const reading = collect(stdinSource({ input }))
  const writing = setInterval(() => input.write(numbered(100)), 0)
  await reading.messages(1000)
  const messages = await reading.stop()
  clearInterval(writing)
  const { entriesIn, entriesOut, entriesHeld } = reading.source.stats
  expect([entriesIn, entriesOut, entriesHeld]).toEqual([messages.length, messages.length, 0])
})

test('an input that breaks is an error', async () => {
  const input = new PassThrough()
  const ended = collect(stdinSource({ input })).ended()
  input.write('one\n')
  input.destroy(new Error('gone'))
  await expect(ended).rejects.toMatchObject({ code: 'FILE_UNREADABLE' })
})

test('destroying it closes its input', async () => {
  const input = new PassThrough()
  const reading = collect(stdinSource({ input }))
  await reading.destroy()
  expect(input.destroyed).toBe(true)
})

test('a line that is too long is cut, flagged and told', async () => {
  const reading = collect(
    stdinSource({ input: Readable.from([Buffer.from(`a\n${'x'.repeat(100)}\nb\n`)]), maxLineBytes: 16 }),
  )
  expect(await reading.ended()).toEqual(['a', 'x'.repeat(16), 'b'])
  expect(reading.entries[1]?.fields).toEqual({ truncated: true })
  expect(reading.warnings.map(({ code }) => code)).toEqual(['LINE_TOO_LONG'])
})

test('reads text and other encodings', async () => {
  const wide = Buffer.from('\ufeffeins\nzwei é\n', 'utf16le')
  const pieces = [...wide].map((byte) => Buffer.from([byte]))
  expect(
    await collect(stdinSource({ input: Readable.from(pieces, { objectMode: false }), encoding: 'utf16le' })).ended(),
  ).toEqual(['eins', 'zwei é'])
  expect(await collect(stdinSource({ input: Readable.from(['é', '\nb']) })).ended()).toEqual(['é', 'b'])
})

test('refuses what is no stream', () => {
  expect(() => stdinSource({ input: 'x' } as never)).toThrow(
    expect.objectContaining({ code: 'BAD_OPTION', option: 'input' }),
  )
})
