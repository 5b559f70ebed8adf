/**
 * A disk that can lose its power. It keeps what programs see (the cache) apart from what a crash leaves, as POSIX allows
 * it and no better:
 *
 * ```
 *   write      cache ─┐   each sector written since the last sync: any of its versions since, or one torn
 *                     │   into the next; in any order; the file's size: any that it had since
 *   sync       ───────┘   all of it stays
 *   create, rename, remove     stays or not, each by itself, until the directory is synced; rename is one step
 * ```
 *
 * Bits turn where {@link ModelDisk.rot} is told to. Not modelled: a sector that cannot be read at all, a disk that says it
 * synced and did not.
 */

import { constants, type Stats } from 'node:fs'
import { basename, dirname } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import type { FileSystem, OpenFile } from '../../src/internal/file-system.ts'
import type { Choices } from './choices.ts'

/** Which call to the disk the crash comes at, and when: before it has done anything, half-way, when all is done. */
export interface CrashPlan {
  readonly operation: number
  readonly moment: 'before' | 'middle' | 'after'
}

export const crashMoments = ['before', 'middle', 'after'] as const

/** What a disk is told. */
export interface ModelDiskOptions {
  /** The smallest piece that is written at once, in bytes. @default 512 */
  readonly sectorBytes?: number
  /** @default never */
  readonly crash?: CrashPlan | undefined
  /** The most bytes in all files; a write beyond it is cut, and one without any room fails with ENOSPC. */
  readonly maxBytes?: number
}

/** What calls get once the machine is down. */
export class Crashed extends Error {
  readonly code = 'ECRASHED'
  constructor() {
    super('the machine is down')
  }
}

interface ModelFile {
  readonly number: number
  /** What programs read. */
  bytes: Buffer
  /** What is certain to be there after a crash. */
  synced: Buffer
  /** Per sector, what stood in it at some time since the last sync. */
  readonly versions: Map<number, Buffer[]>
  /** The sizes it had since. */
  sizes: number[]
  readonly createdMs: number
}

interface Change {
  readonly unlink?: string | undefined
  readonly link?: readonly [name: string, node: Node] | undefined
}

interface ModelDirectory {
  readonly number: number
  readonly names: Map<string, Node>
  readonly synced: Map<string, Node>
  changes: Change[]
}

type Node = ModelFile | ModelDirectory

function isDirectory(node: Node | undefined): node is ModelDirectory {
  return node !== undefined && 'names' in node
}

/** The same nodes for a disk of its own, with what is not safe yet. */
function copyOf(node: Node, known: Map<Node, Node>): Node {
  const before = known.get(node)
  if (before !== undefined) return before
  if (!isDirectory(node)) {
    const file: ModelFile = { ...node, bytes: Buffer.from(node.bytes), versions: new Map(), sizes: [...node.sizes] }
    for (const [sector, versions] of node.versions) file.versions.set(sector, [...versions])
    known.set(node, file)
    return file
  }
  const directory: ModelDirectory = { number: node.number, names: new Map(), synced: new Map(), changes: [] }
  known.set(node, directory)
  for (const [name, child] of node.names) directory.names.set(name, copyOf(child, known))
  for (const [name, child] of node.synced) directory.synced.set(name, copyOf(child, known))
  for (const { unlink, link } of node.changes) {
    directory.changes.push({ unlink, link: link && [link[0], copyOf(link[1], known)] })
  }
  return directory
}

function failure(code: string, call: string, path: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: ${call} '${path}'`), { code, syscall: call, path })
}

/** A file system in memory with a root directory, and `crash` states. */
export class ModelDisk implements FileSystem {
  readonly sectorBytes: number
  /** Every call that changed something or tried to, for telling boundaries apart. */
  readonly operations: string[] = []
  readonly #crash: CrashPlan | undefined
  readonly #maxBytes: number
  #root: ModelDirectory
  #nodes = 1
  #isDown = false

  constructor(options: ModelDiskOptions = {}) {
    this.sectorBytes = options.sectorBytes ?? 512
    this.#crash = options.crash
    this.#maxBytes = options.maxBytes ?? Infinity
    this.#root = this.#newDirectory()
  }

  /** How many calls came, of any kind. */
  #calls = 0
  #underWay = 0

  /** Waits until nobody calls it any more: what is left waits for a timer, or for who uses it. */
  async settle(): Promise<void> {
    const most = this.#calls + 5_000
    for (let seen = -1; seen !== this.#calls || this.#underWay > 0; ) {
      if (this.#calls > most) throw new Error(`it is called without end: ${this.operations.slice(-8).join(', ')}`)
      seen = this.#calls
      for (let turn = 0; turn < 4; turn++) await setImmediate()
    }
  }

  /** The sizes of the files in a directory. */
  sizes(directory: string): Record<string, number> {
    const node = this.#find(directory)
    if (!isDirectory(node)) return {}
    return Object.fromEntries([...node.names].map(([name, file]) => [name, isDirectory(file) ? 0 : file.bytes.length]))
  }

  /** Turns bits of one byte of a file, of what is safe and of what is not. */
  rot(path: string, offset: number): void {
    const node = this.#find(path)
    if (node === undefined || isDirectory(node)) throw failure('ENOENT', 'rot', path)
    for (const bytes of [node.bytes, node.synced]) {
      if (offset < bytes.length) bytes[offset] = (bytes[offset] as number) ^ 0x55
    }
  }

  /** Whether the crash came. */
  get isDown(): boolean {
    return this.#isDown
  }

  /** The power goes now: no call succeeds any more. */
  cutPower(): void {
    this.#isDown = true
  }

  // What comes after a crash

  /** The disk of the next run when only the program died: what it wrote is in the cache of the system. */
  afterKill(options: ModelDiskOptions = {}): ModelDisk {
    const next = new ModelDisk({ sectorBytes: this.sectorBytes, maxBytes: this.#maxBytes, ...options })
    next.#nodes = this.#nodes
    next.#root = copyOf(this.#root, new Map()) as ModelDirectory
    return next
  }

  /**
   * A disk that the next run may find when the power went; `choices` decides which of all. Always the first possibility
   * is nothing of what was not synced, always the last is all of it.
   */
  afterPowerLoss(choices: Choices, options: ModelDiskOptions = {}): ModelDisk {
    const next = new ModelDisk({ sectorBytes: this.sectorBytes, maxBytes: this.#maxBytes, ...options })
    next.#nodes = this.#nodes
    next.#root = this.#survivor(this.#root, choices) as ModelDirectory
    return next
  }

  #survivor(node: Node, choices: Choices): Node {
    if (!isDirectory(node)) return this.#survivingFile(node, choices)
    const names = new Map(node.synced)
    for (const { unlink, link } of node.changes) {
      if (choices.pick(2) === 0) continue
      if (unlink !== undefined) names.delete(unlink)
      if (link !== undefined) names.set(...link)
    }
    const kept = new Map([...names].map(([name, child]) => [name, this.#survivor(child, choices)]))
    return { number: node.number, names: kept, synced: new Map(kept), changes: [] }
  }

  #survivingFile(file: ModelFile, choices: Choices): ModelFile {
    const now = file.bytes.length
    const sizes = [...new Set(file.sizes.filter((size) => size !== now)), now]
    const size = sizes[choices.pick(sizes.length)] as number
    const bytes = Buffer.alloc(size)
    file.synced.copy(bytes)
    for (const [sector, before] of file.versions) {
      const from = sector * this.sectorBytes
      if (from >= size) continue
      const versions = [...before, this.#sector(file.bytes, sector)]
      // The versions themselves, and one between each and the next: its first half is new already.
      const picked = choices.pick(2 * versions.length - 1)
      const version = Buffer.from(versions[picked >> 1] as Buffer)
      if (picked % 2 === 1) (versions[(picked >> 1) + 1] as Buffer).copy(version, 0, 0, this.sectorBytes >> 1)
      version.copy(bytes, from)
    }
    return { ...file, bytes, synced: Buffer.from(bytes), versions: new Map(), sizes: [size] }
  }

  // What programs call

  async open(path: string, flags: string | number, _mode?: number): Promise<OpenFile> {
    const wish = wishOf(flags)
    const directory = this.#directoryOf(path, 'open')
    const name = basename(path)
    const there = path === '/' ? this.#root : directory.names.get(name)
    if (there === undefined && !wish.creates) throw failure('ENOENT', 'open', path)
    if (there !== undefined && wish.exclusive) throw failure('EEXIST', 'open', path)
    if (isDirectory(there)) {
      if (wish.writes) throw failure('EISDIR', 'open', path)
      return this.#openDirectory(there, path)
    }
    if (there !== undefined && !wish.truncates) {
      await this.#look()
      return this.#openFile(there, path, wish)
    }
    return this.#step(`open ${path} ${flags}`, () => {
      const file = there ?? this.#newFile()
      if (there === undefined) this.#change(directory, { link: [name, file] })
      if (wish.truncates) this.#resize(file, 0)
      return this.#openFile(file, path, wish)
    })
  }

  readonly mkdir: FileSystem['mkdir'] = (async (path: string, options?: { recursive?: boolean }) => {
    const parent = dirname(path)
    if (options?.recursive === true && parent !== path && !isDirectory(this.#find(parent))) {
      await this.mkdir(parent, options)
    }
    const there = this.#find(path)
    if (there !== undefined) {
      if (options?.recursive === true && isDirectory(there)) return undefined
      throw failure('EEXIST', 'mkdir', path)
    }
    const directory = this.#directoryOf(path, 'mkdir')
    return this.#step(`mkdir ${path}`, () => {
      this.#change(directory, { link: [basename(path), this.#newDirectory()] })
      return path
    })
  }) as FileSystem['mkdir']

  async readdir(path: string): Promise<string[]> {
    await this.#look()
    const node = this.#find(path)
    if (node === undefined) throw failure('ENOENT', 'scandir', path)
    if (!isDirectory(node)) throw failure('ENOTDIR', 'scandir', path)
    return [...node.names.keys()]
  }

  async readFile(path: string, encoding: 'utf8'): Promise<string> {
    await this.#look()
    const node = this.#find(path)
    if (node === undefined) throw failure('ENOENT', 'open', path)
    if (isDirectory(node)) throw failure('EISDIR', 'read', path)
    return node.bytes.toString(encoding)
  }

  readonly rename: FileSystem['rename'] = async (from, to) => {
    const [source, target] = [String(from), String(to)]
    const directory = this.#directoryOf(source, 'rename')
    if (dirname(source) !== dirname(target)) throw failure('EXDEV', 'rename', target)
    const node = directory.names.get(basename(source))
    if (node === undefined) throw failure('ENOENT', 'rename', source)
    await this.#step(`rename ${source} ${target}`, () =>
      this.#change(directory, { unlink: basename(source), link: [basename(target), node] }),
    )
  }

  readonly rm: FileSystem['rm'] = async (path, options) => {
    const name = String(path)
    const node = this.#find(name)
    if (node === undefined) {
      if (options?.force === true) return
      throw failure('ENOENT', 'rm', name)
    }
    if (isDirectory(node) && options?.recursive !== true) throw failure('ERR_FS_EISDIR', 'rm', name)
    const directory = this.#directoryOf(name, 'rm')
    await this.#step(`rm ${name}`, () => this.#change(directory, { unlink: basename(name) }))
  }

  readonly stat: FileSystem['stat'] = (async (path: string, options?: { bigint?: boolean }) => {
    await this.#look()
    const node = this.#find(String(path))
    if (node === undefined) throw failure('ENOENT', 'stat', String(path))
    return statsOf(node, options)
  }) as FileSystem['stat']

  // Handles

  #openDirectory(directory: ModelDirectory, path: string): OpenFile {
    const sync = (): Promise<void> =>
      this.#step(`sync ${path}/`, () => {
        directory.changes = []
        directory.synced.clear()
        for (const [name, node] of directory.names) directory.synced.set(name, node)
      })
    const refuse = (): Promise<never> => Promise.reject(failure('EISDIR', 'read', path))
    return {
      read: refuse,
      writev: refuse,
      writeFile: refuse,
      truncate: refuse,
      stat: (async (options?: { bigint?: boolean }) => statsOf(directory, options)) as OpenFile['stat'],
      sync,
      datasync: sync,
      close: async () => this.#assertUp(),
    } as OpenFile
  }

  #openFile(file: ModelFile, path: string, wish: Wish): OpenFile {
    let place = 0
    let isOpen = true
    const assertOpen = (call: string): void => {
      this.#assertUp()
      if (!isOpen) throw failure('EBADF', call, path)
    }
    const write = async (data: Buffer, position: number | null | undefined): Promise<number> => {
      assertOpen('write')
      if (!wish.writes) throw failure('EBADF', 'write', path)
      return this.#step(
        `write ${path} ${data.length}`,
        () => {
          const at = wish.appends ? file.bytes.length : (position ?? place)
          const written = this.#write(file, at, data)
          if (typeof position !== 'number') place = at + written
          return written
        },
        () => void this.#write(file, wish.appends ? file.bytes.length : (position ?? place), data, data.length >> 1),
      )
    }
    const sync = async (): Promise<void> => {
      assertOpen('fsync')
      await this.#step(`sync ${path}`, () => {
        file.synced = Buffer.from(file.bytes)
        file.versions.clear()
        file.sizes = [file.bytes.length]
      })
    }
    const read = async (...given: unknown[]): Promise<{ bytesRead: number; buffer: Buffer }> => {
      assertOpen('read')
      await this.#look()
      const { buffer, offset, length, position } = readArguments(given)
      const at = position ?? place
      const bytesRead = Math.max(0, Math.min(length, file.bytes.length - at))
      file.bytes.copy(buffer, offset, at, at + bytesRead)
      if (position === null) place += bytesRead
      return { bytesRead, buffer }
    }
    return {
      read,
      writev: async (buffers: readonly Buffer[], position?: number) => ({
        bytesWritten: await write(Buffer.concat(buffers), position),
        buffers,
      }),
      writeFile: async (data: string | Buffer) => {
        const bytes = Buffer.from(data)
        for (let done = 0; done < bytes.length; ) done += await write(bytes.subarray(done), undefined)
      },
      truncate: async (length = 0) => {
        assertOpen('ftruncate')
        await this.#step(`truncate ${path} ${length}`, () => this.#resize(file, length))
      },
      stat: (async (options?: { bigint?: boolean }) => {
        assertOpen('fstat')
        await this.#look()
        return statsOf(file, options)
      }) as OpenFile['stat'],
      sync,
      datasync: sync,
      close: async () => {
        await this.#look()
        isOpen = false
      },
    } as unknown as OpenFile
  }

  // The disk

  #assertUp(): void {
    if (this.#isDown) throw new Crashed()
  }

  async #look(): Promise<void> {
    this.#assertUp()
    this.#calls++
    this.#underWay++
    await setImmediate()
    this.#underWay--
    this.#assertUp()
  }

  /** One call that changes something. `half` is what has happened when the crash comes in its middle. */
  async #step<T>(what: string, apply: () => T, half: () => void = () => {}): Promise<T> {
    await this.#look()
    const isLast = this.operations.length === this.#crash?.operation
    this.operations.push(what)
    if (!isLast) return apply()
    if (this.#crash?.moment === 'middle') half()
    else if (this.#crash?.moment === 'after') apply()
    this.#isDown = true
    throw new Crashed()
  }

  #newFile(): ModelFile {
    const nothing = Buffer.alloc(0)
    const number = this.#nodes++
    return { number, bytes: nothing, synced: nothing, versions: new Map(), sizes: [0], createdMs: number }
  }

  #newDirectory(): ModelDirectory {
    return { number: this.#nodes++, names: new Map(), synced: new Map(), changes: [] }
  }

  #find(path: string): Node | undefined {
    let node: Node | undefined = this.#root
    for (const name of path.split('/').filter((part) => part !== '')) {
      if (!isDirectory(node)) return undefined
      node = node.names.get(name)
    }
    return node
  }

  #directoryOf(path: string, call: string): ModelDirectory {
    this.#assertUp()
    const directory = this.#find(dirname(path))
    if (!isDirectory(directory)) throw failure('ENOENT', call, path)
    return directory
  }

  #change(directory: ModelDirectory, change: Change): void {
    directory.changes.push(change)
    if (change.unlink !== undefined) directory.names.delete(change.unlink)
    if (change.link !== undefined) directory.names.set(...change.link)
  }

  /** What stands in a sector, filled up with zeros. */
  #sector(bytes: Buffer, sector: number): Buffer {
    const content = Buffer.alloc(this.sectorBytes)
    bytes.subarray(sector * this.sectorBytes, (sector + 1) * this.sectorBytes).copy(content)
    return content
  }

  #remember(file: ModelFile, from: number, to: number): void {
    for (let sector = Math.floor(from / this.sectorBytes); sector * this.sectorBytes < to; sector++) {
      const versions = file.versions.get(sector) ?? []
      versions.push(this.#sector(file.bytes, sector))
      file.versions.set(sector, versions)
    }
    file.sizes.push(file.bytes.length)
  }

  #write(file: ModelFile, at: number, data: Buffer, most = data.length): number {
    const end = at + Math.min(most, data.length)
    const room = this.#maxBytes - this.#bytesUsed() + file.bytes.length
    const written = Math.min(end, Math.max(room, at)) - at
    if (written === 0 && data.length > 0 && most > 0) throw failure('ENOSPC', 'write', '')
    this.#remember(file, Math.min(at, file.bytes.length), at + written)
    const bytes = Buffer.alloc(Math.max(file.bytes.length, at + written))
    file.bytes.copy(bytes)
    data.copy(bytes, at, 0, written)
    file.bytes = bytes
    return written
  }

  #resize(file: ModelFile, length: number): void {
    this.#remember(file, Math.min(length, file.bytes.length), Math.max(length, file.bytes.length))
    const bytes = Buffer.alloc(length)
    file.bytes.copy(bytes)
    file.bytes = bytes
  }

  #bytesUsed(): number {
    const sizeOf = (node: Node): number =>
      isDirectory(node) ? [...node.names.values()].reduce((sum, child) => sum + sizeOf(child), 0) : node.bytes.length
    return sizeOf(this.#root)
  }
}

interface Wish {
  readonly writes: boolean
  readonly creates: boolean
  readonly exclusive: boolean
  readonly truncates: boolean
  readonly appends: boolean
}

function wishOf(flags: string | number): Wish {
  if (typeof flags === 'number') {
    const has = (flag: number): boolean => (flags & flag) === flag
    return {
      writes: has(constants.O_WRONLY) || has(constants.O_RDWR),
      creates: has(constants.O_CREAT),
      exclusive: has(constants.O_EXCL),
      truncates: has(constants.O_TRUNC),
      appends: has(constants.O_APPEND),
    }
  }
  return {
    writes: flags !== 'r',
    creates: !flags.startsWith('r'),
    exclusive: flags.includes('x'),
    truncates: flags.startsWith('w'),
    appends: flags.startsWith('a'),
  }
}

interface ReadWish {
  readonly buffer: Buffer
  readonly offset: number
  readonly length: number
  readonly position: number | null
}

/** `read(buffer, offset, length, position)`, `read(buffer, options)` and `read(options)`. */
function readArguments([first, second, length, position]: unknown[]): ReadWish {
  const options = (ArrayBuffer.isView(first) ? (typeof second === 'object' ? second : undefined) : first) as
    | Partial<ReadWish>
    | undefined
  const view = (ArrayBuffer.isView(first) ? first : options?.buffer) as Buffer | undefined
  if (view === undefined) throw new TypeError('the model reads into a buffer of the caller only')
  const buffer = Buffer.from(view.buffer, view.byteOffset, view.byteLength)
  const offset = options?.offset ?? (typeof second === 'number' ? second : 0)
  const at = options === undefined ? position : options.position
  return {
    buffer,
    offset,
    length: options?.length ?? (typeof length === 'number' ? length : buffer.length - offset),
    position: typeof at === 'bigint' ? Number(at) : ((at as number | null | undefined) ?? null),
  }
}

function statsOf(node: Node, options?: { bigint?: boolean }): Stats {
  const number = (value: number): number => (options?.bigint === true ? (BigInt(value) as never) : value)
  const size = isDirectory(node) ? 0 : node.bytes.length
  return {
    dev: number(1),
    ino: number(node.number),
    size: number(size),
    mtimeMs: number(0),
    birthtimeMs: number(isDirectory(node) ? 0 : node.createdMs),
    isFile: () => !isDirectory(node),
    isDirectory: () => isDirectory(node),
    isSymbolicLink: () => false,
  } as Stats
}
