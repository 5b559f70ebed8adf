/** The flags that are no keys of the configuration. */

import type { Command } from 'commander'
import { configurationOptions } from './configuration-options.ts'

/** Every flag of every command, and whether it takes a value. */
export function flagsOf(program: Command): ReadonlyMap<string, boolean> {
  const flags = new Map<string, boolean>()
  const add = (command: Command): void => {
    for (const { short, long, required, optional } of command.options) {
      for (const name of [short, long]) if (name) flags.set(name, required || optional)
    }
    for (const child of command.commands) add(child)
  }
  add(program)
  for (const { short, long } of configurationOptions) for (const name of [short, long]) if (name) flags.delete(name)
  return flags
}
