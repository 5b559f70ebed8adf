/** A scan tells what a look at each byte tells, with WebAssembly and without. */

import { readFile } from 'node:fs/promises'
import { type ByteScan, scanBytes } from '@logwisp/core'
import fc from 'fast-check'
import { afterEach, describe, expect, it, vi } from 'vitest'
import wabt from 'wabt'
import { plainScan } from '../src/internal/plain-scan.ts'
import { scanModule } from '../src/internal/scan-module.ts'
import { wasmScan } from '../src/internal/wasm-scan.ts'

function lookAtEach(bytes: Buffer): ByteScan {
  let lineFeeds = 0
  for (const byte of bytes) if (byte === 10) lineFeeds++
  return {
    lineFeeds,
    isAscii: bytes.every((byte) => byte < 128),
    hasCarriageReturns: bytes.some((byte) => byte === 13),
    hasNuls: bytes.some((byte) => byte === 0),
  }
}

const withVectors = wasmScan()
if (withVectors === undefined) throw new Error('WebAssembly is missing: these tests would prove nothing')

describe.each([
  ['with WebAssembly', withVectors],
  ['in plain JavaScript', plainScan],
])('a scan %s', (_how, scan) => {
  it('finds a special byte wherever it stands, and none where there is none', () => {
    for (let length = 0; length <= 130; length++) {
      const plain = Buffer.alloc(length, 'x')
      expect(scan(plain)).toEqual({ lineFeeds: 0, isAscii: true, hasCarriageReturns: false, hasNuls: false })
      for (let at = 0; at < length; at++) {
        for (const byte of [0, 9, 10, 11, 12, 13, 14, 127, 128, 138, 141, 255]) {
          plain[at] = byte
          expect(scan(plain), `byte ${byte} at ${at} of ${length}`).toEqual(lookAtEach(plain))
          plain[at] = 120
        }
      }
    }
  })

  it.each([4031, 4032, 4033, 65_536, 131_007, 131_008, 131_009, 300_000])('counts %i line feeds', (length) => {
    expect(scan(Buffer.alloc(length, '\n')).lineFeeds).toBe(length)
  })

  it('forgets what it saw before', () => {
    scan(Buffer.alloc(1000, '\r\n\0\xff', 'latin1'))
    expect(scan(Buffer.from('a'))).toEqual({ lineFeeds: 0, isAscii: true, hasCarriageReturns: false, hasNuls: false })
  })

  it('says of any bytes what a look at each says', () => {
    const common = fc.constantFrom(10, 13, 0, 65, 200)
    const byte = fc.oneof(fc.nat(255), common)
    // Repeated, so that some are longer than the memory of the instance.
    const blocks = fc.tuple(fc.array(byte, { maxLength: 300 }), fc.constantFrom(1, 7, 600))
    fc.assert(
      fc.property(blocks, fc.nat(5), ([bytes, times], skipped) => {
        const block = Buffer.concat(Array.from({ length: times }, () => Buffer.from(bytes))).subarray(skipped)
        expect(scan(block)).toEqual(lookAtEach(block))
      }),
      { seed: 3, numRuns: 200 },
    )
  })
})

describe('scanBytes', () => {
  afterEach(() => {
    vi.unstubAllGlobals()
    vi.resetModules()
  })

  const block = Buffer.from('one\r\ntwo\0\nthree ü')
  const found: ByteScan = { lineFeeds: 2, isAscii: false, hasCarriageReturns: true, hasNuls: true }

  it('scans', () => {
    expect(scanBytes(block)).toEqual(found)
  })

  it.each([
    ['no WebAssembly', undefined],
    [
      'a WebAssembly that knows no vectors',
      {
        Module: class {
          constructor() {
            throw new Error('invalid opcode')
          }
        },
      },
    ],
  ])('scans where there is %s', async (_what, replaced) => {
    vi.stubGlobal('WebAssembly', replaced)
    vi.resetModules()
    expect(wasmScan()).toBeUndefined()
    const anew = await import('../src/scan-bytes.ts')
    expect(anew.scanBytes).not.toBe(scanBytes)
    expect(anew.scanBytes(block)).toEqual(found)
  })

  it('runs what the text in the repository says', async () => {
    const text = await readFile(new URL('../src/internal/scan-bytes.wat', import.meta.url), 'utf8')
    const assembler = await wabt()
    const module = assembler.parseWat('scan-bytes.wat', text, { simd: true })
    const assembled = Buffer.from(module.toBinary({}).buffer).toString('base64')
    module.destroy()
    expect(scanModule, 'the value of scanModule in src/internal/scan-module.ts has to be what is expected').toBe(
      assembled,
    )
  })
})
