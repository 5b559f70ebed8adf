/** Finds where the bytes of a file are now, and which generation comes after it: by identity, never by name alone. */

import type { BigIntStats } from 'node:fs'
import { dirname } from 'node:path'
import { type FileSystem, isMissing } from './file-system.ts'
import { fitsFingerprint, maxFingerprintBytes } from './fingerprint.ts'
import { findSiblings, originalOf, type Sibling } from './generations.ts'
import { type OpenedFile, openFile, readProof, UnfinishedFileError } from './opened-file.ts'
import type { FilePlace, SavedPlace } from './saved-position.ts'

/** A place in a file that is looked for. */
export interface SoughtPlace {
  readonly inode: bigint
  readonly offset: number
  readonly headLength: number
  fitsHead(head: Buffer): boolean
  /** Whether a shorter head is the beginning of it. Not known of an earlier run's. */
  beginsWith(head: Buffer): boolean
  /** What stood before the place, to be found there again. */
  readonly proofEnd: number
  readonly proofLength: number
  fitsProof(bytes: Buffer): boolean
}

/** A place that a running source is at. */
export function soughtPlace({ identity, offset, proof, proofEnd }: FilePlace): SoughtPlace {
  return {
    inode: identity.inode,
    offset,
    headLength: identity.fingerprint.length,
    fitsHead: (head) => identity.fits(head),
    beginsWith: (head) => identity.resembles(head),
    proofEnd,
    proofLength: proof.length,
    fitsProof: (bytes) => bytes.equals(proof),
  }
}

/** A place that an earlier run was at. */
function soughtSavedPlace({ inode, offset, head, proof, proofEnd }: SavedPlace): SoughtPlace {
  return {
    inode: BigInt(inode),
    offset,
    headLength: head.length,
    fitsHead: (bytes) => head.length > 0 && fitsFingerprint(head, bytes),
    beginsWith: () => false,
    proofEnd,
    proofLength: proof.length,
    fitsProof: (bytes) => fitsFingerprint(proof, bytes),
  }
}

/** Whether the file has what the place stands in and stood behind. */
export async function holdsPlace(file: OpenedFile, sought: SoughtPlace): Promise<boolean> {
  // Of a file that was empty nothing but the inode is known, and it is read from its begin anyway.
  if (sought.headLength === 0) return file.stat.ino === sought.inode && sought.offset === 0
  return sought.fitsHead(file.head) && holdsProof(file, sought)
}

/**
 * Whether the file is a copy that was made when less was in what the place stands in: all of the copy was there too, and
 * what comes after the place in it was not read.
 */
async function isShorterCopy(file: OpenedFile, sought: SoughtPlace): Promise<boolean> {
  if (file.head.length >= sought.headLength || !sought.beginsWith(file.head)) return false
  return sought.offset < file.head.length && holdsProof(file, sought)
}

async function holdsProof(file: OpenedFile, sought: SoughtPlace): Promise<boolean> {
  if (!file.compressed && file.stat.size < BigInt(sought.offset)) return false
  const proof = Buffer.alloc(sought.proofLength)
  const read = await file.read(proof, 0, proof.length, sought.proofEnd - proof.length)
  return read === proof.length && sought.fitsProof(proof)
}

/** Whether a file holds everything that a copy of it does, and perhaps more. */
async function holdsWhole(file: OpenedFile, copy: OpenedFile): Promise<boolean> {
  if (copy.compressed) return false
  const size = Number(copy.stat.size)
  if (!file.head.subarray(0, copy.head.length).equals(copy.head)) return false
  const proof = await readProof(copy, size)
  return proof !== undefined && (await readProof(file, size))?.equals(proof) === true
}

/** Does something for which the file is open; it is closed when that fails. */
async function orClose<Result>(file: OpenedFile | undefined, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    await file?.close()
    throw error
  }
}

/** A compressed file that ends too early is not the one looked for, and not this search's to report. */
function isDamaged(error: unknown): false {
  if (error instanceof UnfinishedFileError) return false
  throw error
}

/** Whether the same rotated files are there, and those filled that were. */
function isSameState(before: readonly Sibling[], now: readonly Sibling[]): boolean {
  const stateOf = (siblings: readonly Sibling[]): string =>
    siblings.map(({ path, stat }) => `${path} ${stat.dev}:${stat.ino} ${stat.size === 0n}`).join('\n')
  return stateOf(before) === stateOf(now)
}

/** What tells two files of one moment apart. */
export type FileOnDisk = Pick<BigIntStats, 'dev' | 'ino'>

/** A rotated file. Its inode may be given to another, which then was written to at another time. */
export type OlderFile = FileOnDisk & Pick<BigIntStats, 'mtimeNs'>

/** No file at all. */
export const noFile: FileOnDisk = { dev: -1n, ino: -1n }

/** Whether both say the same device and inode. */
export function isSameFile(a: FileOnDisk, b: FileOnDisk): boolean {
  return a.ino === b.ino && a.dev === b.dev
}

/** How often a directory is listed again because it changed meanwhile. Each listing takes far less than a rotation. */
const maxListings = 50

/** How long after a directory's last change its time may not yet tell of another. */
const quietMs = 3000

/** What is known of the generation that another comes after. */
export interface Predecessor {
  /** The file that its last bytes were read from, which may still be there. */
  readonly file: FileOnDisk
  /** The rotated file before it when it was begun: those after that are itself, its copy, or newer than it. */
  readonly older: OlderFile | undefined
  /** When it was last written to: decides when it is no longer there. */
  readonly modifiedNs: bigint
  /** Whether this is the beginning of the predecessor itself. */
  isCopy(head: Buffer): boolean
}

/** A generation, and the rotated file before it when it was found. */
export interface NextFile {
  readonly file: OpenedFile
  readonly older: OlderFile | undefined
  /** What it was copied from, when it is known to be a copy. */
  readonly original: FileOnDisk | undefined
}

/** The rotated files that may be newer than one that is not among them. */
function newerThan({ older, modifiedNs }: Predecessor, siblings: readonly Sibling[]): Sibling[] {
  const isOlder = ({ stat }: Sibling): boolean =>
    older !== undefined && isSameFile(stat, older) && stat.mtimeNs === older.mtimeNs
  const at = siblings.findIndex(isOlder)
  return at >= 0 ? siblings.slice(at + 1) : siblings.filter(({ stat }) => stat.mtimeNs >= modifiedNs)
}

export class FileSearch {
  readonly #fileSystem: FileSystem
  readonly #path: string
  /** Where the path led, when it is a symbolic link. */
  #target: string | undefined
  #quietState: string | undefined
  #isGone = false

  constructor(fileSystem: FileSystem, path: string) {
    this.#fileSystem = fileSystem
    this.#path = path
  }

  /** Whether the path showed nothing when it was last looked at. */
  get isGone(): boolean {
    return this.#isGone
  }

  /** What the path shows now; undefined when nothing. */
  async shown(): Promise<BigIntStats | undefined> {
    try {
      const shown = await this.#fileSystem.stat(this.#path)
      this.#isGone = false
      return shown
    } catch (error) {
      if (!isMissing(error)) throw error
      this.#isGone = true
      return undefined
    }
  }

  /** Opens what the path shows; undefined when that is nothing. */
  async openShown(): Promise<OpenedFile | undefined> {
    const file = await this.#open(this.#path)
    if (file !== undefined) await this.#noteTarget()
    return file
  }

  async #open(path: string): Promise<OpenedFile | undefined> {
    try {
      return await openFile(this.#fileSystem, path)
    } catch (error) {
      if (isMissing(error)) return undefined
      throw error
    }
  }

  async #noteTarget(): Promise<void> {
    const target = await this.#fileSystem.realpath(this.#path).catch(() => undefined)
    if (target !== undefined && target !== this.#path) this.#target = target
  }

  /** The place in another file than the one that the path shows: renamed, copied or compressed since. */
  async findRotated(sought: SoughtPlace): Promise<OpenedFile | undefined> {
    const { siblings } = await this.#list()
    const newestFirst = siblings.toReversed()
    const byInode = newestFirst.filter(({ stat }) => stat.ino === sought.inode)
    const byContent = newestFirst.filter(({ stat }) => stat.ino !== sought.inode)
    let trouble: { readonly error: unknown } | undefined
    for (const accept of [holdsPlace, isShorterCopy]) {
      for (const { path } of [...byInode, ...byContent]) {
        try {
          const file = await this.#openIf(path, (opened) => accept(opened, sought))
          if (file !== undefined) return file
        } catch (error) {
          trouble ??= { error }
        }
      }
    }
    // The place may be in the one that can't be read at this time: to say that it is gone would lose what comes after it.
    if (trouble !== undefined) throw trouble.error
    return undefined
  }

  /** The place in the file that the path shows; undefined when it is not there. */
  findShown(sought: SoughtPlace): Promise<OpenedFile | undefined> {
    return this.#openIf(this.#path, async (file) => {
      // A few bytes may be a header that every file begins with; only an inode makes them enough.
      if (file.stat.ino !== sought.inode && sought.offset < maxFingerprintBytes) return false
      return holdsPlace(file, sought)
    })
  }

  /** A place of an earlier run, wherever its file is now. */
  async findSaved(saved: SavedPlace, maybeShown: boolean): Promise<OpenedFile | undefined> {
    const sought = soughtSavedPlace(saved)
    const shown = maybeShown ? await this.findShown(sought) : undefined
    if (shown !== undefined && shown.stat.ino === sought.inode) return shown
    // The very file under a rotated name, or a copy beside it, is more likely than another with the same content.
    return orClose(shown, async () => {
      const rotated = await this.findRotated(sought)
      if (rotated !== undefined) await shown?.close()
      return rotated ?? shown
    })
  }

  async #openIf(path: string, accept: (file: OpenedFile) => Promise<boolean>): Promise<OpenedFile | undefined> {
    const file = await this.#open(path)
    if (file === undefined) return undefined
    return orClose(file, async () => {
      if (await accept(file).catch(isDamaged)) return file
      await file.close()
      return undefined
    })
  }

  /** What stands for the generation before the first, of a path that shows nothing: the newest rotated one. */
  async newestRotated(): Promise<Predecessor> {
    const newest = (await this.#list()).siblings.at(-1)?.stat
    const modifiedNs = newest === undefined ? 0n : newest.mtimeNs + 1n
    return { file: noFile, older: newest, modifiedNs, isCopy: () => false }
  }

  /**
   * Whether nothing can be new since this said no: the path shows nothing, or an empty file, and its directory did not
   * change. Spares listing the directory at each look for each file that is gone or empty.
   */
  async isQuiet(): Promise<boolean> {
    const shown = await this.shown()
    if (this.#target !== undefined || (shown !== undefined && shown.size > 0n)) return false
    const directory = await this.#fileSystem.stat(dirname(this.#path)).catch(() => undefined)
    const state = `${directory?.mtimeNs} ${shown?.ino} ${shown?.mtimeNs}`
    const isSame = state === this.#quietState
    this.#quietState = state
    // The time that a directory was changed at may be told in steps of up to 2 s.
    return isSame && (directory === undefined || Date.now() - Number(directory.mtimeMs) > quietMs)
  }

  /**
   * The generation right after another: the oldest rotated one that is newer, or what the path shows. None as long as
   * that is empty: it could be filled, copied and cut unseen, and only the one before tells then which copy is new.
   */
  async openNext(before: Predecessor): Promise<NextFile | undefined> {
    for (let listings = 0; listings < maxListings; listings++) {
      const { siblings, shown } = await this.#list()
      const at = await this.#placeOf(before, siblings)
      const newer = at >= 0 ? siblings.slice(at + 1) : newerThan(before, siblings)
      const file = await this.#openFirst(newer, before, at >= 0, shown)
      if (file === undefined) return undefined
      if (file !== 'moved') {
        const index = siblings.findIndex(({ stat }) => isSameFile(stat, file.stat))
        // A copy that was begun or filled since they were listed comes before what the path shows now: that may have been
        // cut meanwhile, and have grown past its old size again.
        const isFirst = index !== -1 || (await orClose(file, async () => isSameState(siblings, await this.#findAll())))
        if (!isFirst) {
          await file.close()
          continue
        }
        const older = siblings[(index === -1 ? siblings.length : index) - 1]?.stat
        // What is compressed has always a time of its own, and of a link's target other names tell the order.
        const mayTell = index !== -1 && !file.compressed && this.#target === undefined
        return { file, older, original: mayTell ? originalOf(index, siblings, shown) : undefined }
      }
    }
    return undefined
  }

  /** Where the predecessor itself is among the rotated files; -1 when it is not, though another has its inode perhaps. */
  async #placeOf({ file, isCopy }: Predecessor, siblings: readonly Sibling[]): Promise<number> {
    const at = siblings.findIndex(({ stat }) => isSameFile(stat, file))
    const path = siblings[at]?.path
    if (path === undefined) return -1
    const found = await this.#openIf(path, async ({ head }) => isCopy(head))
    await found?.close()
    return found === undefined ? -1 : at
  }

  async #openFirst(
    newer: readonly Sibling[],
    before: Predecessor,
    ordered: boolean,
    shown: BigIntStats | undefined,
  ): Promise<OpenedFile | 'moved' | undefined> {
    const held: Sibling[] = []
    for (const sibling of newer) {
      const { path, stat } = sibling
      if (stat.size === 0n || (shown !== undefined && isSameFile(stat, shown))) continue
      const file = await this.#open(path)
      if (file === undefined) return 'moved'
      if (!isSameFile(file.stat, stat)) {
        await file.close()
        return 'moved'
      }
      if (file.head.length === 0) {
        await file.close()
        continue
      }
      // Where the order does not tell, a copy of the predecessor, or its compressed self, looks newer than it. And what the
      // path holds still is read there: the copy was made to cut it, but that has not happened yet.
      if (ordered || !before.isCopy(file.head)) {
        if (!(await orClose(file, () => this.#isShownToo(file)))) return file
        held.push(sibling)
      }
      await file.close()
    }
    if (shown === undefined || shown.size === 0n) return undefined
    const file = await this.openShown()
    if (file === undefined) return 'moved'
    // One that is smaller was cut since, and what it had may be in a copy that is not listed.
    const isCut = file.stat.size < shown.size || file.head.length === 0
    if (isSameFile(file.stat, shown) && !isCut && (await orClose(file, () => this.#holdsAll(file, held)))) return file
    await file.close()
    return 'moved'
  }

  /** Whether the file still holds everything that these copies do. */
  async #holdsAll(file: OpenedFile, copies: readonly Sibling[]): Promise<boolean> {
    for (const { path } of copies) {
      const copy = await this.#openIf(path, (opened) => holdsWhole(file, opened))
      if (copy === undefined) return false
      await copy.close()
    }
    return true
  }

  /** Whether the path holds everything that the file does, and perhaps more. */
  async #isShownToo(file: OpenedFile): Promise<boolean> {
    const shown = await this.#openIf(this.#path, (other) => holdsWhole(other, file))
    await shown?.close()
    return shown !== undefined
  }

  /** The rotated generations, oldest first, and what the path shows, at one moment: listed until nothing moves. */
  async #list(): Promise<{ siblings: Sibling[]; shown: BigIntStats | undefined }> {
    let before: string | undefined
    for (let listings = 1; ; listings++) {
      const shown = await this.shown()
      const siblings = await this.#findAll()
      const state = [shown, ...siblings.map(({ stat }) => stat)].map((stat) => `${stat?.dev}:${stat?.ino}`).join(' ')
      if (state === before || listings === maxListings) return { siblings, shown }
      before = state
    }
  }

  async #findAll(): Promise<Sibling[]> {
    const siblings = await findSiblings(this.#fileSystem, this.#path)
    if (this.#target === undefined) return siblings
    const known = new Set(siblings.map(({ path }) => path))
    const ofTarget = await findSiblings(this.#fileSystem, this.#target)
    return [...siblings, ...ofTarget.filter(({ path }) => !known.has(path))]
  }
}
