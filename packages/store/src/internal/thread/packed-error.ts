/** Errors on their way from a thread: a structured clone would lose their class and their code. */

import { errorCodes, LogwispError, type LogwispErrorCode } from '@logwisp/core'

/** An error as plain data. */
export interface PackedError {
  readonly name: string
  readonly message: string
  readonly code?: string | undefined
  readonly stack?: string | undefined
  readonly cause?: PackedError | undefined
}

/** Causes of causes are followed no further. */
const maxCauses = 8

export function packError(error: unknown, depth = 0): PackedError {
  if (!(error instanceof Error)) return { name: 'Error', message: String(error) }
  const { code } = error as NodeJS.ErrnoException
  return {
    name: error.name,
    message: error.message,
    code: typeof code === 'string' ? code : undefined,
    stack: error.stack,
    cause: error.cause === undefined || depth >= maxCauses ? undefined : packError(error.cause, depth + 1),
  }
}

/** A `LogwispError` when it was one, otherwise an `Error` with the same name, message and code. */
export function unpackError(packed: PackedError): Error {
  const { name, message, code, stack } = packed
  const options = packed.cause === undefined ? {} : { cause: unpackError(packed.cause) }
  const error = isOurs(name, code) ? new LogwispError(code, message, options) : new Error(message, options)
  if (error.name !== name) Object.defineProperty(error, 'name', { value: name, configurable: true })
  if (code !== undefined && !(error instanceof LogwispError)) Object.assign(error, { code })
  if (stack !== undefined) error.stack = stack
  return error
}

function isOurs(name: string, code: string | undefined): code is LogwispErrorCode {
  return name === 'LogwispError' && code !== undefined && Object.hasOwn(errorCodes, code)
}
