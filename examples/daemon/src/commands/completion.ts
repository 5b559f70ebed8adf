/** `logwisp completion`: a script for a shell, made of what the program itself knows. */

import type { Command } from 'commander'
import { exitCodes } from '../exit-codes.ts'
import { bashCompletion } from './completion/bash-completion.ts'
import { completableCommands, completableKeys } from './completion/completable.ts'
import { fishCompletion } from './completion/fish-completion.ts'
import { zshCompletion } from './completion/zsh-completion.ts'
import type { Terminal } from './invocation.ts'
import { print } from './terminal/print.ts'

const scripts = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion }

/** Prints the script. */
export async function completion(shell: keyof typeof scripts, program: Command, terminal: Terminal): Promise<number> {
  await print(terminal.stdout, scripts[shell](completableCommands(program), completableKeys()))
  return exitCodes.ok
}
