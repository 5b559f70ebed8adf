/** `scanBytes`: one look at a block's bytes, for all that its readers ask of it as a whole. */

import { plainScan } from './internal/plain-scan.ts'
import { wasmScan } from './internal/wasm-scan.ts'

/** What {@link scanBytes} finds. */
export interface ByteScan {
  /** How many line feeds (`\n`) there are. */
  readonly lineFeeds: number
  /** Whether every byte is below 128. */
  readonly isAscii: boolean
  /** Whether there is a carriage return (`\r`). */
  readonly hasCarriageReturns: boolean
  /** Whether there is a NUL. */
  readonly hasNuls: boolean
}

let scan: ((bytes: Buffer) => ByteScan) | undefined

/**
 * Counts the line feeds of `bytes`, and tells which special bytes are among them.
 *
 * With WebAssembly, where there is one, 64 KiB of log take 5 µs, of which 3 are the copy into its memory; asking `Buffer` for
 * each of the four takes 15 µs. The first call makes the WebAssembly instance, which takes 1 ms.
 *
 * @example
 * ```ts
 * import { scanBytes } from '@logwisp/core'
 *
 * const { lineFeeds, isAscii } = scanBytes(Buffer.from('one\ntwo\n'))
 * ```
 */
export function scanBytes(bytes: Buffer): ByteScan {
  scan ??= wasmScan() ?? plainScan
  return scan(bytes)
}
