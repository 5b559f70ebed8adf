/** Kills the process at one of its calls that change a directory: the file system's edge, as a crash sees it. */

import fs, { constants } from 'node:fs'
import promises, { type FileHandle } from 'node:fs/promises'
import { syncBuiltinESMExports } from 'node:module'
import { join } from 'node:path'

/**
 * When the process dies: before the call, after it, or within it, where a write has put down all but some of its bytes.
 * Of a file that is made and written by one call, `'first byte'` leaves it made, and empty.
 */
export type Moment = 'before' | 'first byte' | 'half' | 'last byte' | 'after'

/** Which call, counted from 1, and when. */
export interface KillAt {
  readonly call: number
  readonly moment: Moment
}

type AnyFunction = (...args: unknown[]) => unknown

/** The functions whose first argument is a path, and which change what is there. */
const changing = ['writeFile', 'appendFile', 'truncate', 'rename', 'rm', 'unlink', 'mkdir', 'rmdir', 'link', 'symlink']

/** The methods of an open file that change it, or make changes safe. */
const writing = ['write', 'writev', 'writeFile', 'appendFile', 'truncate', 'sync', 'datasync', 'utimes']

/** Whether a process can die within this call. */
export function isDivisible(name: string): boolean {
  return /^(file\.)?(write|appendFile)/.test(name)
}

/**
 * Counts the calls below `directory` from now on, of what is loaded from now on; names them in the list that it returns.
 * What opens a file for reading, or reads it, does not count.
 */
export async function installKillSwitch(directory: string, at: KillAt | undefined): Promise<readonly string[]> {
  const calls: string[] = []
  const watched = new WeakSet<object>()
  const { writeSync, openSync } = fs

  const die = (): never => {
    process.kill(process.pid, 'SIGKILL')
    throw new Error('killed')
  }

  /** Writes the part of `content` that a process gets done that dies in the middle of it. */
  const cutShort = (moment: Moment, fd: number, content: unknown, position: unknown, least: number): never => {
    const bytes = bytesOf(content)
    const cut = { 'first byte': least, half: bytes.length >> 1, 'last byte': bytes.length - 1, before: 0, after: 0 }[
      moment
    ]
    if (cut > 0 && cut < bytes.length) writeSync(fd, bytes, 0, cut, typeof position === 'number' ? position : null)
    return die()
  }

  const count = (name: string, divide: (moment: Moment) => never, go: () => unknown): unknown => {
    calls.push(name)
    if (calls.length !== at?.call) return go()
    if (at.moment === 'after') return Promise.resolve(go()).finally(die)
    return at.moment === 'before' || !isDivisible(name) ? die() : divide(at.moment)
  }

  const patchPath = (name: string): void => {
    const real = Reflect.get(promises, name) as AnyFunction
    Reflect.set(promises, name, (path: unknown, ...args: unknown[]) => {
      const go = (): unknown => real(path, ...args)
      if (!String(path).startsWith(directory)) return go()
      const divide = (moment: Moment): never => {
        const { flag = name === 'appendFile' ? 'a' : 'w', mode } = (args[1] ?? {}) as { flag?: string; mode?: number }
        return cutShort(moment, openSync(String(path), flag, mode), args[0], null, 0)
      }
      return count(name, divide, go)
    })
  }

  const { open } = promises
  promises.open = (async (path: string, flags?: string | number, mode?: number) => {
    const go = async (): Promise<FileHandle> => {
      const file = await open(path, flags, mode)
      if (path.startsWith(directory)) watched.add(file)
      return file
    }
    return path.startsWith(directory) && opensForWriting(flags) ? count('open', die, go) : go()
  }) as typeof promises.open
  for (const name of changing) patchPath(name)

  const sample = await open(process.execPath, 'r')
  const prototype: object = Object.getPrototypeOf(sample)
  await sample.close()
  for (const name of writing) {
    const real = Reflect.get(prototype, name) as AnyFunction
    Reflect.set(prototype, name, function (this: FileHandle, ...args: unknown[]) {
      const go = (): unknown => Reflect.apply(real, this, args)
      if (!watched.has(this)) return go()
      const divide = (moment: Moment): never => {
        const [content, position] = name === 'write' ? partOf(args) : [args[0], name === 'writev' ? args[1] : null]
        return cutShort(moment, this.fd, content, position, 1)
      }
      return count(`file.${name}`, divide, go)
    })
  }
  syncBuiltinESMExports()
  return calls
}

function opensForWriting(flags: string | number = 'r'): boolean {
  if (typeof flags === 'string') return /[wa+]/.test(flags)
  return (flags & (constants.O_WRONLY | constants.O_RDWR | constants.O_CREAT)) !== 0
}

/** What `write(buffer, offset, length, position)` is to write, and where. */
function partOf([buffer, offset, length, position]: unknown[]): [unknown, unknown] {
  const from = typeof offset === 'number' ? offset : 0
  const until = typeof length === 'number' ? from + length : undefined
  return [typeof buffer === 'string' ? buffer : bytesOf(buffer).subarray(from, until), position]
}

function bytesOf(content: unknown): Buffer {
  if (Array.isArray(content)) return Buffer.concat(content as Buffer[])
  return typeof content === 'string' ? Buffer.from(content) : Buffer.from(content as Uint8Array)
}

/** A directory's path as the switch wants it: with what every path below it begins with. */
export function below(directory: string): string {
  return join(directory, '/')
}
