/**
 * Text frames as a server sends them: https://www.rfc-editor.org/rfc/rfc6455#section-5.2. They are not masked, hence the same
 * for every viewer, so that a span of entries is framed once for all of them. Everything else of the protocol is ws's.
 *
 * ```
 *   0x81 | length < 126            | text
 *   0x81 | 126 | length in 2 bytes | text
 *   0x81 | 127 | length in 8 bytes | text
 * ```
 */

/** A text frame that is whole: FIN, opcode 1. */
const wholeText = 0x81

/** One frame. */
export function textFrame(text: string): Buffer {
  return packFrames([text])
}

/** A frame for each text. */
export function packFrames(texts: readonly string[]): Buffer {
  const lengths = texts.map((text) => Buffer.byteLength(text))
  const total = lengths.reduce((sum, length) => sum + headerBytes(length) + length, 0)
  // Slow, since a slice of Node's pool would keep 8 KiB for a frame of one line, and spans are kept.
  const frames = Buffer.allocUnsafeSlow(total)
  let at = 0
  for (const [index, text] of texts.entries()) {
    const length = lengths[index] as number
    at = writeHeader(frames, at, length)
    at += frames.write(text, at, length)
  }
  return frames
}

/** One frame for all texts, as lines. */
export function packLines(texts: readonly string[]): Buffer {
  return textFrame(texts.join('\n'))
}

/** Visits what is in frames that {@link packFrames} made. */
export function forEachPayload(frames: Buffer, visit: (payload: Buffer) => void): void {
  for (let at = 0; at < frames.length; ) {
    const short = frames[at + 1] as number
    const header = short < 126 ? 2 : short === 126 ? 4 : 10
    const length =
      short < 126 ? short : short === 126 ? frames.readUInt16BE(at + 2) : Number(frames.readBigUInt64BE(at + 2))
    visit(frames.subarray(at + header, at + header + length))
    at += header + length
  }
}

function headerBytes(length: number): number {
  return length < 126 ? 2 : length < 65_536 ? 4 : 10
}

function writeHeader(frames: Buffer, at: number, length: number): number {
  frames[at] = wholeText
  if (length < 126) frames[at + 1] = length
  else if (length < 65_536) {
    frames[at + 1] = 126
    frames.writeUInt16BE(length, at + 2)
  } else {
    frames[at + 1] = 127
    frames.writeBigUInt64BE(BigInt(length), at + 2)
  }
  return at + headerBytes(length)
}
