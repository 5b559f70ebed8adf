/** What two threads say to each other. */

import type { PackedError } from './packed-error.ts'

/**
 * The calls that a thread answers, by name: each takes one argument. Both must survive a structured clone.
 *
 * @example `interface ReaderCalls { page(request: PageRequest): PageAnswer }`
 */
// biome-ignore lint/suspicious/noExplicitAny: an interface of functions with any argument is what is meant.
export type ThreadCalls<Calls> = { readonly [Name in keyof Calls]: (argument: any) => unknown }

export interface CallMessage {
  readonly call: number
  readonly name: string
  readonly argument: unknown
  /** One number that is not 0 once the caller does not want an answer any more. Absent: the caller can not change its mind. */
  readonly cancel: Int32Array | undefined
}

export type ThreadMessage =
  | { readonly call: number; readonly result: unknown }
  | { readonly call: number; readonly error: PackedError }
  | { readonly notice: unknown }
