/** The calls to a file system, counted, one of which fails. */

import type { FileHandle } from 'node:fs/promises'
import { constants } from 'node:os'
import type { Fault } from './each-fault.ts'

/** Which call fails, and how. */
export interface FaultyCall {
  /** Its number; 0 is the first. */
  readonly call: number
  readonly fault: Fault
  /** For how many calls of its name, itself included. */
  readonly lastsCalls: number
}

type AnyFunction = (...args: unknown[]) => unknown

/** Whether a call may meet with a fault: only reads and writes can do less than they were asked for. */
export function canMeet(name: string, fault: Fault): boolean {
  if (fault === 'short') return name === 'file.read' || name === 'file.write' || name === 'file.writev'
  return fault !== 'torn' || name === 'file.write' || name === 'file.writev'
}

/** A file system of which one call fails, and what was done with it. */
export class FaultyCalls<FileSystem extends object> {
  /** Behaves as the real one, but for the fault. */
  readonly fileSystem: FileSystem
  /** The names of all calls, in their order: `rename`, or `file.read` of an open file. */
  readonly calls: string[] = []
  readonly #fault: FaultyCall | undefined
  readonly #open = new Map<object, string>()
  #struck: string | undefined
  #strikes = 0

  constructor(real: FileSystem, fault?: FaultyCall) {
    this.#fault = fault
    this.fileSystem = this.#stand(real, '')
  }

  /** The name of the call that failed first; undefined as long as none has. */
  get struck(): string | undefined {
    return this.#struck
  }

  /** The paths of files that were opened and not closed. */
  get openFiles(): readonly string[] {
    return [...this.#open.values()]
  }

  /** Stands in the place of an object of functions. */
  #stand<Real extends object>(real: Real, prefix: string): Real {
    return new Proxy(real, {
      get: (target, property) => {
        const value: unknown = Reflect.get(target, property)
        if (typeof value !== 'function' || typeof property === 'symbol') return value
        return (...args: unknown[]) => this.#call(target, value as AnyFunction, `${prefix}${property}`, args)
      },
    })
  }

  #call(target: object, real: AnyFunction, name: string, args: unknown[]): unknown {
    const fault = this.#strike(name)
    if (name === 'file.close') {
      // Linux has given the descriptor back even when it says that closing failed.
      const closed = (Reflect.apply(real, target, args) as Promise<void>).finally(() => this.#open.delete(target))
      return fault === undefined || fault === 'short'
        ? closed
        : closed.then(() => Promise.reject(systemError(fault, name)))
    }
    if (fault === 'short') return Reflect.apply(real, target, halfOf(name, args))
    if (fault !== undefined) {
      const error = systemError(fault, name)
      if (name === 'watch') throw error
      if (name !== 'file.writeFile') return Promise.reject(error)
      const half = halfOfContent(args[0])
      return (Reflect.apply(real, target, [half, ...args.slice(1)]) as Promise<void>).then(() => Promise.reject(error))
    }
    const result = Reflect.apply(real, target, args)
    return name === 'open'
      ? (result as Promise<FileHandle>).then((file) => this.#opened(file, String(args[0])))
      : result
  }

  #opened(file: FileHandle, path: string): FileHandle {
    this.#open.set(file, path)
    return this.#stand(file, 'file.')
  }

  /** Counts a call; the fault, if it is to fail. */
  #strike(name: string): Exclude<Fault, 'torn'> | undefined {
    const call = this.calls.length
    this.calls.push(name)
    if (this.#fault === undefined) return undefined
    const { fault, lastsCalls } = this.#fault
    if (this.#struck === undefined ? call !== this.#fault.call : name !== this.#struck) return undefined
    if (this.#strikes >= (fault === 'torn' ? lastsCalls + 1 : lastsCalls) || !canMeet(name, fault)) return undefined
    this.#struck = name
    this.#strikes++
    if (fault !== 'torn') return fault
    return this.#strikes === 1 ? 'short' : 'EIO'
  }
}

/** The same call for half of the bytes, at least one. */
function halfOf(name: string, args: readonly unknown[]): unknown[] {
  if (name === 'file.writev') {
    const whole = Buffer.concat(args[0] as Buffer[])
    return [[whole.subarray(0, half(whole.length))], ...args.slice(1)]
  }
  const [buffer, offset = 0, length = (buffer as Buffer).length - Number(offset), ...others] = args
  return [buffer, offset, half(Number(length)), ...others]
}

function halfOfContent(content: unknown): unknown {
  const bytes = Buffer.from(content as string | Buffer)
  return bytes.subarray(0, half(bytes.length))
}

function half(length: number): number {
  return Math.min(length, Math.max(1, Math.floor(length / 2)))
}

/** As Node makes it of what the system says. */
function systemError(code: Exclude<Fault, 'short' | 'torn'>, name: string): NodeJS.ErrnoException {
  const syscall = name.replace(/^file\./, '')
  return Object.assign(new Error(`${code}: as a test wants it, ${syscall}`), {
    code,
    errno: -constants.errno[code],
    syscall,
  })
}
