/** What a terminal may be shown: text that cannot command it, and colours by level. Pure. */

import type { LogLevel } from '@logwisp/core'

/**
 * All that makes a terminal do something other than show text: the C0 and C1 controls (a line feed and a tab excepted),
 * and the characters that turn the direction of writing, so that a line reads as something that it is not.
 */
const commands = /[\0-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g

/** Shows control characters as what they are, e.g. `\x1b`, so that the text commands no terminal. */
export function showControls(text: string): string {
  return text.replace(commands, (character) => {
    const code = character.charCodeAt(0)
    return code < 256 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`
  })
}

const plain = '\x1b[0m'

const colorOf: Readonly<Record<LogLevel, string | undefined>> = {
  trace: '\x1b[2m',
  debug: '\x1b[2m',
  info: undefined,
  warn: '\x1b[33m',
  error: '\x1b[31m',
  fatal: '\x1b[1;31m',
}

/** The text in the colour of its level. */
export function colored(text: string, level: LogLevel | undefined): string {
  const color = level === undefined ? undefined : colorOf[level]
  return color === undefined ? text : color + text + plain
}

/** Whether the environment and the output want colours: `FORCE_COLOR`, then `NO_COLOR` and `TERM=dumb`, then a terminal. */
export function wantsColors(isTerminal: boolean, environment: NodeJS.ProcessEnv): boolean {
  const { FORCE_COLOR: force, NO_COLOR: no, TERM: terminal } = environment
  if (force !== undefined) return force !== '0' && force !== 'false'
  return isTerminal && !no && terminal !== 'dumb'
}
