/** The texts of `--help`. */

import type { Command } from 'commander'

/** The command that the words name, as deep as they do. */
export function commandOf(program: Command, words: readonly string[]): Command {
  const names = words.filter((word) => !word.startsWith('-'))
  const found = program.commands.find((command) => names.includes(command.name()))
  if (found === undefined) return program
  return found.commands.find((command) => names.includes(command.name())) ?? found
}

/** A command's help with everything that is printed behind it. */
export function helpOf(command: Command): string {
  let text = ''
  const { writeOut } = command.configureOutput()
  command.configureOutput({ writeOut: (more) => (text += more) })
  command.outputHelp()
  command.configureOutput({ ...(writeOut && { writeOut }) })
  return text
}

/** What stands behind a command's options. */
export function examples(...lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((line) => `  ${line}`).join('\n')}\n`
}
