/** `logwisp schema`: what editors check configurations by. */

import { jsonSchema } from '../config/json-schema.ts'
import { exitCodes } from '../exit-codes.ts'
import type { Terminal } from './invocation.ts'
import { print } from './terminal/print.ts'

/** Prints the JSON Schema of configurations. */
export async function schema(terminal: Terminal): Promise<number> {
  await print(terminal.stdout, `${JSON.stringify(jsonSchema(), undefined, 2)}\n`)
  return exitCodes.ok
}
