/** A short run of `pnpm fuzz` against all stages that serve, and whether it would see a fault. */

import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { sessionOf } from '../fuzz/fuzz-run.ts'
import { Ledger } from '../fuzz/ledger.ts'
import { markedText, markOf } from '../fuzz/marks.ts'
import { targetNames } from '../fuzz/session.ts'

const run = promisify(execFile)
const program = fileURLToPath(new URL('../fuzz.ts', import.meta.url))

describe('pnpm fuzz', () => {
  it('finds nothing in 10,000 cases', { timeout: 120_000 }, async () => {
    // It fails by itself when it finds something, and says what and how to see it again.
    const { stdout } = await run(
      process.execPath,
      ['--import', 'tsx', '--conditions=@logwisp/source', program, '--cases', '10000', '--seed', '20261121'],
      { maxBuffer: 16 << 20, timeout: 100_000, killSignal: 'SIGTERM' },
    )
    console.info(stdout)
    expect(stdout).toContain('no fault')
    for (const name of targetNames) expect(stdout).toMatch(new RegExp(`  ${name}: [\\d,]+ cases`))
  })
})

describe('a fuzzed connection', () => {
  it('is the same for the same seed and number, and another for others', () => {
    const bytesOf = (seed: number, number: number): string =>
      Buffer.concat(sessionOf(seed, number, targetNames).cases.map(({ bytes }) => bytes)).toString('base64')
    for (let number = 0; number < 50; number++) {
      expect(bytesOf(1, number)).toBe(bytesOf(1, number))
      expect(bytesOf(1, number)).not.toBe(bytesOf(2, number))
    }
    expect(new Set(Array.from({ length: 200 }, (_, number) => bytesOf(1, number))).size).toBe(200)
  })
})

describe('a marked text', () => {
  const mark = { session: 12, entry: 3 }

  it('tells which entry it is', () => {
    for (const payload of ['', 'x', 'a b  c', '\ud800', 'Ж🛒']) expect(markOf(markedText(mark, payload))).toEqual(mark)
  })

  it('is none when a character is missing, changed or added', () => {
    const text = markedText(mark, 'payload')
    for (let at = 0; at < text.length; at++) {
      expect(markOf(text.slice(0, at) + text.slice(at + 1))).toBeUndefined()
      expect(markOf(`${text.slice(0, at)}~${text.slice(at + 1)}`)).toBeUndefined()
    }
    expect(markOf(`${text} `)).toBeUndefined()
    expect(markOf(text + text)).toBeUndefined()
  })
})

describe('the ledger', () => {
  function ledger(): { books: Ledger; faults: string[] } {
    const faults: string[] = []
    const books = new Ledger((_, fault) => faults.push(fault))
    books.open(
      7,
      [
        [0, 'must'],
        [1, 'may'],
        [2, 'never'],
      ],
      ['junk'],
    )
    return { books, faults }
  }

  it('has nothing against what was sent, once', () => {
    const { books, faults } = ledger()
    for (const entry of [0, 1]) books.note({ session: 7, entry })
    books.noteStray('junk')
    expect(books.lacking(7)).toEqual([])
    expect(faults).toEqual([])
  })

  it('knows what is lost, and what a success has promised', () => {
    const { books } = ledger()
    expect(books.lacking(7)).toEqual([0])
    books.decide(7, 1, 'must')
    expect(books.lacking(7)).toEqual([0, 1])
  })

  it('sees what comes twice, was never sent, was refused or was smuggled', () => {
    const { books, faults } = ledger()
    books.note({ session: 7, entry: 0 })
    books.note({ session: 7, entry: 0 })
    books.note({ session: 7, entry: 2 })
    books.note({ session: 8, entry: 0 })
    books.noteStray('junk')
    books.noteStray('junk')
    books.note({ session: 7, entry: 1 })
    books.decide(7, 1, 'never')
    expect(faults).toEqual([
      'entry 0 arrived twice',
      'entry 2 arrived, which was not to',
      'entry 0 arrived, which was not to',
      'an entry that was not sent: "junk"',
      'entry 1 arrived, and was refused',
    ])
  })
})
