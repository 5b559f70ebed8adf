/** The lines that a finder finds in bytes are those whose text includes one of its texts. */

import { readFile } from 'node:fs/promises'
import { Batch, RunList } from '@logwisp/core'
import fc from 'fast-check'
import { afterEach, describe, expect, it, vi } from 'vitest'
import wabt from 'wabt'
import { blockSearch } from '../src/internal/block-search.ts'
import { LineFinder, maxSearchBytes } from '../src/internal/line-finder.ts'
import { lineFinderModule } from '../src/internal/line-finder-module.ts'
import { selectLines } from '../src/internal/select-lines.ts'

function finderFor(texts: readonly string[]): LineFinder {
  const finder = LineFinder.for(texts)
  if (finder === undefined) throw new Error('WebAssembly is missing: these tests would prove nothing')
  return finder
}

function foundLines(finder: LineFinder, text: string | Buffer): string[] {
  const bytes = Buffer.from(text)
  const runs = new RunList()
  finder.addLines(runs, bytes, 0, bytes.length)
  return linesOf(bytes, runs)
}

function linesOf(bytes: Buffer, runs: RunList): string[] {
  const places = runs.toArray()
  const lines: string[] = []
  for (let i = 0; i < places.length; i += 2) {
    lines.push(...(bytes.toString('latin1', places[i], places[i + 1]).match(/[^\n]*\n|[^\n]+$/g) ?? []))
  }
  expect(runs.count).toBe(lines.length)
  return lines
}

describe('LineFinder', () => {
  it('finds a text wherever it stands in a block, and however long its line is', () => {
    const finder = finderFor(['needle'])
    for (let before = 0; before < 150; before++) {
      for (const behind of [0, 1, 15, 16, 17, 70]) {
        const line = `${'.'.repeat(before)}needle${'-'.repeat(behind)}`
        expect(foundLines(finder, line)).toEqual([line])
        expect(foundLines(finder, `needl\n${line}\nneedl`)).toEqual([`${line}\n`])
        expect(foundLines(finder, `${'\n'.repeat(before)}${line}\r\n\n`)).toEqual([`${line}\r\n`])
      }
    }
  })

  it('does not take what an earlier block left in memory for part of this one', () => {
    const finder = finderFor(['ab'])
    expect(foundLines(finder, 'xxxxab\nxx\nxxxab')).toEqual(['xxxxab\n', 'xxxab'])
    expect(foundLines(finder, 'xxxxa')).toEqual([])
    expect(foundLines(finder, 'xxxxa\nb')).toEqual([])
  })

  it('searches part of a block as if nothing were around it', () => {
    const bytes = Buffer.from('aa\nbb\naa\nbb\naa')
    const runs = new RunList()
    finderFor(['aa']).addLines(runs, bytes, 3, 12)
    expect([...runs.toArray()]).toEqual([6, 9])
  })

  it('finds every line of the largest block that it takes', () => {
    const bytes = Buffer.alloc(maxSearchBytes, 'x\n')
    const runs = new RunList()
    finderFor(['x']).addLines(runs, bytes, 0, bytes.length)
    expect(runs.count).toBe(maxSearchBytes / 2)
    expect([...runs.toArray()]).toEqual([0, maxSearchBytes])
  })

  it('finds as many texts as it takes, as long as it takes them, and takes no more', () => {
    const texts = Array.from({ length: 8 }, (_, index) => `${index}`.repeat(256))
    const finder = finderFor(texts)
    const lines = texts.map((text) => `a${text}z\n`)
    expect(foundLines(finder, lines.join('none\n'))).toEqual(lines)
    expect(foundLines(finder, texts.map((text) => `${text.slice(1)}\n`).join(''))).toEqual([])
    expect(LineFinder.for([...texts, 'one more'])).toBeUndefined()
    expect(LineFinder.for(['x'.repeat(257)])).toBeUndefined()
  })

  it('shares its memory with others', () => {
    const [one, two] = [finderFor(['one']), finderFor(['two', 'three'])]
    for (let turn = 0; turn < 3; turn++) {
      expect(foundLines(one, 'one\ntwo\nthree\n')).toEqual(['one\n'])
      expect(foundLines(two, 'one\ntwo\nthree\n')).toEqual(['two\n', 'three\n'])
    }
  })

  it('finds what `includes` finds, in any lines, for any texts', () => {
    // Few letters, so that texts overlap, begin alike and come often.
    const letters = fc.constantFrom('a', 'b', 'ab', 'aab', '.', '\r', 'ü')
    const line = fc.array(letters, { maxLength: 60 }).map((parts) => parts.join(''))
    const text = fc.array(fc.constantFrom('a', 'b', '.'), { minLength: 1, maxLength: 5 }).map((parts) => parts.join(''))
    fc.assert(
      fc.property(fc.array(line, { maxLength: 20 }), fc.array(text, { minLength: 1, maxLength: 8 }), (lines, texts) => {
        const block = Buffer.from(lines.map((line) => `${line}\n`).join(''))
        const expected = block
          .toString('latin1')
          .split(/(?<=\n)/)
          .filter((line) => texts.some((text) => line.includes(text)))
        expect(foundLines(finderFor(texts), block)).toEqual(expected)
      }),
      { seed: 4, numRuns: 2000 },
    )
  })

  it('runs what the text in the repository says', async () => {
    const text = await readFile(new URL('../src/internal/line-finder.wat', import.meta.url), 'utf8')
    const module = (await wabt()).parseWat('line-finder.wat', text, { simd: true })
    const assembled = Buffer.from(module.toBinary({}).buffer).toString('base64')
    module.destroy()
    expect(
      lineFinderModule,
      'the value of lineFinderModule in src/internal/line-finder-module.ts has to be what is expected',
    ).toBe(assembled)
  })
})

describe('a plan for blocks has a finder', () => {
  it.each([/ERROR|WARN/, /timeout/, /(?:GET|POST)/, /(a|b)|c/, /disk full/gm, /\[x\]/u, /=/])('for %s', (regexp) => {
    expect(blockSearch(regexp)?.finder).toBeDefined()
  })

  it.each([/error/i, /a.c/, /^ERROR/, /ERROR|/, /a+/, /a(?=b)/, /über/, /a\tb/, /(a|b)c/, /[ab]/])(
    'not for %s',
    (regexp) => {
      expect(blockSearch(regexp)).toBeDefined()
      expect(blockSearch(regexp)?.finder).toBeUndefined()
    },
  )
})

describe('selectLines', () => {
  afterEach(() => {
    vi.unstubAllGlobals()
    vi.resetModules()
  })

  const question = { test: (line: string): boolean => /ERROR|WARN/.test(line) }
  const text = 'INFO a\nERROR b\r\nDEBUG c\nWARN ü\n'
  const batchOf = (text: string): Batch => Batch.of({ bytes: Buffer.from(text), source: 'app', time: 0 })
  const kept = (batch: Batch): string[] => [...batch].map(({ message }) => message)

  it('searches a block that is larger than the finder takes in another way', () => {
    const many = text.repeat(Math.ceil(maxSearchBytes / text.length) + 1)
    const found = selectLines(batchOf(many), { ...question, search: blockSearch(/ERROR|WARN/) })
    expect(kept(found)).toEqual(many.split(/\r?\n/).filter(question.test))
  })

  it('does without a finder where there is no WebAssembly', async () => {
    vi.stubGlobal('WebAssembly', undefined)
    vi.resetModules()
    const anew = await import('../src/internal/block-search.ts')
    const search = anew.blockSearch(/ERROR|WARN/)
    expect(search?.finder).toBeUndefined()
    expect(kept(selectLines(batchOf(text), { ...question, search }))).toEqual(['ERROR b', 'WARN ü'])
  })
})
