/** Turns a block of whole lines into UTF-8, which is what batches hold. */

import type { FileEncoding } from './line-blocks.ts'

const byteOrderMarks: Readonly<Record<FileEncoding, Buffer>> = {
  utf8: Buffer.from([0xef, 0xbb, 0xbf]),
  utf16le: Buffer.from([0xff, 0xfe]),
  utf16be: Buffer.from([0xfe, 0xff]),
  latin1: Buffer.alloc(0),
}

/** How long the byte order mark is that a file's first bytes begin with; 0 when there is none. */
export function byteOrderMarkBytes(bytes: Buffer, encoding: FileEncoding): number {
  const mark = byteOrderMarks[encoding]
  return bytes.subarray(0, mark.length).equals(mark) ? mark.length : 0
}

/**
 * The same text in UTF-8. UTF-8 itself is handed back as it is; what is no UTF-16 (half of a pair) becomes U+FFFD,
 * a single byte at the end is left out.
 */
export function toUtf8(bytes: Buffer, encoding: FileEncoding): Buffer {
  if (encoding === 'utf8') return bytes
  if (encoding === 'latin1') return Buffer.from(bytes.toString('latin1'), 'utf8')
  const whole = bytes.subarray(0, bytes.length - (bytes.length % 2))
  return Buffer.from((encoding === 'utf16le' ? whole : Buffer.from(whole).swap16()).toString('utf16le'), 'utf8')
}
