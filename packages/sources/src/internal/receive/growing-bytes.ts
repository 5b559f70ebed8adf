/** Bytes that are put together from pieces, however small: one buffer that doubles, so a piece costs no object of its own. */

const firstCapacityBytes = 1024

export class GrowingBytes {
  #buffer: Buffer = Buffer.alloc(0)
  #length = 0

  /** How many bytes were added. */
  get length(): number {
    return this.#length
  }

  /** How much memory they take. */
  get capacity(): number {
    return this.#buffer.length
  }

  /** Copies bytes `from` to `to` of `bytes` to the end. */
  add(bytes: Buffer, from: number, to: number): void {
    const length = this.#length + to - from
    if (length > this.#buffer.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(firstCapacityBytes, this.#buffer.length * 2, length))
      this.#buffer.copy(larger, 0, 0, this.#length)
      this.#buffer = larger
    }
    bytes.copy(this.#buffer, this.#length, from, to)
    this.#length = length
  }

  /** The bytes so far; do not keep them. */
  peek(): Buffer {
    return this.#buffer.subarray(0, this.#length)
  }

  /** The bytes, which are the caller's from now on; begins anew. */
  take(): Buffer {
    const taken = this.#buffer.subarray(0, this.#length)
    this.clear()
    return taken
  }

  /** Forgets the bytes and their memory. */
  clear(): void {
    this.#buffer = Buffer.alloc(0)
    this.#length = 0
  }
}
