/** `logwisp token`: a token for a client, and its hash for the server. */

import { randomBytes } from 'node:crypto'
import { hashToken } from '@logwisp/core/server'
import { exitCodes } from '../exit-codes.ts'
import type { Terminal } from './invocation.ts'
import { print } from './terminal/print.ts'
import { writeNewFile } from './write-new-file.ts'

/** Its flags. */
export interface TokenOptions {
  readonly name: string
  readonly output?: string
  readonly json?: true
}

/** 256 bits cannot be guessed, so one round of SHA-256 is hash enough. */
const tokenBytes = 32

/** Prints both, the token for the only time; what to do with them goes to standard error. */
export async function token({ name, output, json }: TokenOptions, terminal: Terminal): Promise<number> {
  const text = randomBytes(tokenBytes).toString('base64url')
  const hash = `sha256:${hashToken(text)}`
  if (output !== undefined) await writeNewFile(output, `${text}\n`, { mode: 0o600, force: false })
  const shown = output === undefined ? text : `file:${output}`
  if (json) {
    await print(terminal.stdout, `${JSON.stringify({ name, token: shown, hash })}\n`)
    return exitCodes.ok
  }
  await print(terminal.stdout, `token  ${shown}\nhash   ${hash}\n`)
  await print(terminal.stderr, advice(name, hash, output))
  return exitCodes.ok
}

function advice(name: string, hash: string, output: string | undefined): string {
  const kept = output === undefined ? 'It is not shown again: keep it in a file that only the client can read.' : ''
  return `
${kept === '' ? '' : `${kept}\n\n`}On the server, in its pipeline:

[pipelines.auth]
type = "bearer"
bearer_auth = { clients = [{ name = ${JSON.stringify(name)}, token = "${hash}" }] }

On the client, in the options of its source or sink:

auth = { token = ${JSON.stringify(`file:${output ?? '/path/to/the/file'}`)} }
`
}
