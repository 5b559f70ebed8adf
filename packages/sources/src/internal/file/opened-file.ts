/** A file that is open for reading: plain, or compressed and read as if it were plain. */

import type { BigIntStats } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { pipeline, Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { type FileSystem, systemCode } from './file-system.ts'
import { maxFingerprintBytes } from './fingerprint.ts'

/** Places in it are places in the plain bytes. */
export interface OpenedFile {
  readonly path: string
  /** Of the file as it stands on the disk, when it was opened. */
  readonly stat: BigIntStats
  /** The first bytes that it has, at most {@link maxFingerprintBytes}, when it was opened. */
  readonly head: Buffer
  /** Whether it is compressed: then nobody appends to it, and going back in it means to begin anew. */
  readonly compressed: boolean
  /**
   * Reads into `buffer` at `at`; fewer bytes than `enough`, which is `length` unless given, mean that the file ends there.
   * Rejects with the system's error.
   */
  read(buffer: Buffer, at: number, length: number, position: number, enough?: number): Promise<number>
  /** Of the descriptor, so of this very file, wherever it has been moved. */
  statNow(): Promise<BigIntStats>
  close(): Promise<void>
}

/** A compressed file ends too early: it is still being written, or damaged. */
export class UnfinishedFileError extends Error {
  override readonly name = 'UnfinishedFileError'
}

/** How many bytes before a place prove that a file still is, or another too has, what was read there. */
export const proofBytes = 128

/** The bytes of a file before `offset`, at most {@link proofBytes}; undefined when it is shorter than that. */
export async function readProof(file: OpenedFile, offset: number): Promise<Buffer | undefined> {
  const proof = Buffer.alloc(Math.min(proofBytes, offset))
  if (proof.length === 0) return proof
  return (await file.read(proof, 0, proof.length, offset - proof.length)) < proof.length ? undefined : proof
}

/** Opens a file. Rejects with the system's error. */
export async function openFile(fileSystem: FileSystem, path: string): Promise<OpenedFile> {
  const handle = await fileSystem.open(path)
  try {
    const stat = await handle.stat({ bigint: true })
    // As the first read would fail, if it did not wait.
    if (stat.isDirectory()) throw refusal('EISDIR', `${path} is a directory`)
    if (stat.isFIFO()) throw refusal('ESPIPE', `${path} is a named pipe`)
    const plain = new PlainFile(path, handle, stat)
    await plain.readHead()
    if (plain.head.length < 3 || plain.head.readUIntBE(0, 3) !== gzipMagic) return plain
    const compressed = new GzipFile(path, handle, stat)
    await compressed.readHead()
    return compressed
  } catch (error) {
    await handle.close().catch(() => {})
    throw error
  }
}

function refusal(code: string, reason: string): Error {
  return Object.assign(new Error(`${code}: ${reason}`), { code, syscall: 'read' })
}

/** ID1, ID2 and the only compression method that there is (RFC 1952). No line of text begins so. */
const gzipMagic = 0x1f8b08

abstract class HandleFile implements OpenedFile {
  readonly path: string
  readonly stat: BigIntStats
  head: Buffer = Buffer.alloc(0)
  abstract readonly compressed: boolean
  protected readonly handle: FileHandle

  constructor(path: string, handle: FileHandle, stat: BigIntStats) {
    this.path = path
    this.handle = handle
    this.stat = stat
  }

  abstract read(buffer: Buffer, at: number, length: number, position: number, enough?: number): Promise<number>

  async readHead(): Promise<void> {
    const head = Buffer.alloc(maxFingerprintBytes)
    this.head = head.subarray(0, await this.read(head, 0, head.length, 0))
  }

  statNow(): Promise<BigIntStats> {
    return this.handle.stat({ bigint: true })
  }

  async close(): Promise<void> {
    // Nothing was written through it, and the descriptor is given back in any case: there is nothing to be told.
    await this.handle.close().catch(() => {})
  }
}

class PlainFile extends HandleFile {
  override readonly compressed = false

  override async read(
    buffer: Buffer,
    at: number,
    length: number,
    position: number,
    enough: number = length,
  ): Promise<number> {
    // The system may read less than it could (network and user space file systems do): only nothing is the end.
    for (let read = 0; ; ) {
      const { bytesRead } = await this.handle.read(buffer, at + read, length - read, position + read)
      read += bytesRead
      if (bytesRead === 0 || read >= enough) return read
    }
  }
}

/** How much compressed data is read at a time. */
const compressedBlockBytes = 65_536

class GzipFile extends HandleFile {
  override readonly compressed = true
  #plain: AsyncIterator<Buffer> | undefined
  #stop: (() => void) | undefined
  #pending: Buffer = Buffer.alloc(0)
  /** Where in the plain bytes `#pending` begins. */
  #position = 0

  override async read(buffer: Buffer, at: number, length: number, position: number): Promise<number> {
    if (this.#plain === undefined || position < this.#position) this.#rewind()
    let read = 0
    for (;;) {
      const skip = Math.min(position + read - this.#position, this.#pending.length)
      const copied = this.#pending.copy(buffer, at + read, skip, skip + length - read)
      this.#position += skip + copied
      this.#pending = this.#pending.subarray(skip + copied)
      read += copied
      if (read === length) return read
      const next = await this.#next(read)
      if (next === undefined) return read
      this.#pending = next
    }
  }

  #rewind(): void {
    this.#stop?.()
    this.#position = 0
    this.#pending = Buffer.alloc(0)
    const compressed = Readable.from(this.#compressed(), { objectMode: false })
    const plain = createGunzip()
    // Errors come out of the iterator.
    pipeline(compressed, plain, () => {})
    this.#stop = (): void => void compressed.destroy()
    this.#plain = plain[Symbol.asyncIterator]()
  }

  async *#compressed(): AsyncGenerator<Buffer> {
    for (let position = 0; ; ) {
      const buffer = Buffer.allocUnsafe(compressedBlockBytes)
      const { bytesRead } = await this.handle.read(buffer, 0, buffer.length, position)
      if (bytesRead === 0) return
      position += bytesRead
      yield buffer.subarray(0, bytesRead)
    }
  }

  /** The next plain bytes, undefined behind the last; a file that ends too early first gives what it has. */
  async #next(given: number): Promise<Buffer | undefined> {
    try {
      const next = await (this.#plain as AsyncIterator<Buffer>).next()
      return next.done ? undefined : next.value
    } catch (error) {
      this.#plain = undefined
      if (given > 0) return undefined
      const code = systemCode(error)
      if (code !== 'Z_BUF_ERROR' && code !== 'Z_DATA_ERROR') throw error
      throw new UnfinishedFileError(`${this.path} ends in the middle of its compressed data`, { cause: error })
    }
  }

  override async close(): Promise<void> {
    this.#stop?.()
    await super.close()
  }
}
