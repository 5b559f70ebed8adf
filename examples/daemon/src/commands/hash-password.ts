/** `logwisp hash-password`: a password in the form in which it is configured. */

import { hashPassword } from '@logwisp/core/server'
import { exitCodes } from '../exit-codes.ts'
import type { Terminal } from './invocation.ts'
import { askSecret, readSecret } from './terminal/ask-secret.ts'
import { print } from './terminal/print.ts'
import { UsageError } from './usage-error.ts'

/** Reads the password from a prompt, or from standard input; never from the command line, which others can see. */
export async function hashPasswordCommand(options: { readonly user?: string }, terminal: Terminal): Promise<number> {
  const { user } = options
  if (user !== undefined && /[:\s]|^#|^$/.test(user)) {
    throw new UsageError(
      `\`${user}\` cannot stand in a users file: a name has no colon and no blank, and begins with no #`,
    )
  }
  const password = terminal.stdin.isTTY ? await askTwice(terminal) : await readSecret(terminal)
  if (password === '') throw new UsageError('the password is empty: give one on standard input, or at the prompt')
  const hash = await hashPassword(password)
  await print(terminal.stdout, `${user === undefined ? '' : `${user}:`}${hash}\n`)
  return exitCodes.ok
}

async function askTwice(terminal: Terminal): Promise<string> {
  const password = await askSecret('Password: ', terminal)
  if (password !== (await askSecret('The same again: ', terminal))) throw new UsageError('the two are not the same')
  return password
}
