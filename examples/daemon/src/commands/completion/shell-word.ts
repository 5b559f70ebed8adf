/** Texts in the scripts for bash and zsh. */

import type { Completable, CompletableCommand } from './completable.ts'

/** A text as one word that means nothing else to a shell. */
export function shellWord(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}

/** What may be completed, as the scripts have it: `file`, `words a b`. */
export function completableText(value: Completable): string {
  return value.kind === 'words' ? `words ${value.words.join(' ')}` : value.kind
}

/** Cases for the words of a command line: each command below the program, taken into `command`. */
export function commandCases(commands: readonly CompletableCommand[]): string {
  return commands
    .filter(({ name }) => name !== '')
    .map(({ name }) => `      ${shellWord(name)}) command=${shellWord(name)} ;;`)
    .join('\n')
}
