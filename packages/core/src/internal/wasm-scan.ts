/** The scan of a block's bytes with WebAssembly's vectors: see `scan-bytes.wat`. */

import type { ByteScan } from '../scan-bytes.ts'
import { scanModule } from './scan-module.ts'

/** What we use of it; its types come with those of the browser, which this is not. */
interface WebAssemblyNamespace {
  readonly Module: new (bytes: Buffer) => object
  readonly Instance: new (module: object) => { readonly exports: object }
}

interface ScanExports {
  readonly memory: { readonly buffer: ArrayBuffer }
  /** Scans so many bytes of the memory; the answer's bits are explained in the text. */
  scan(bytes: number): number
}

/** How many bytes behind those that are to be scanned it overwrites. */
const marginBytes = 64

const lineFeedBits = 2 ** 28 - 1
const nonAsciiBit = 1 << 28
const carriageReturnBit = 1 << 29
const nulBit = 1 << 30

/**
 * The function; undefined where WebAssembly or its vectors are missing: with `--jitless`, on processors without SSE 4.1, where
 * the address space is limited.
 */
export function wasmScan(): ((bytes: Buffer) => ByteScan) | undefined {
  const { WebAssembly } = globalThis as { WebAssembly?: WebAssemblyNamespace }
  if (WebAssembly === undefined) return undefined
  let instance: { readonly exports: object }
  try {
    instance = new WebAssembly.Instance(new WebAssembly.Module(Buffer.from(scanModule, 'base64')))
  } catch {
    return undefined
  }
  const { memory, scan } = instance.exports as ScanExports
  const room = new Uint8Array(memory.buffer)
  const maxBytes = room.length - marginBytes
  return (bytes) => {
    let lineFeeds = 0
    let bits = 0
    for (let at = 0; at < bytes.length; at += maxBytes) {
      const part = bytes.length <= maxBytes ? bytes : bytes.subarray(at, at + maxBytes)
      room.set(part)
      const found = scan(part.length)
      lineFeeds += found & lineFeedBits
      bits |= found
    }
    return {
      lineFeeds,
      isAscii: (bits & nonAsciiBit) === 0,
      hasCarriageReturns: (bits & carriageReturnBit) !== 0,
      hasNuls: (bits & nulBit) !== 0,
    }
  }
}
