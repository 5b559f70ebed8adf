/** `logwisp config --save`: what flags and variables say becomes part of the configuration file. */

import { type LoadedConfig, originText } from '../config/loaded-config.ts'
import { saveConfig } from '../config/save.ts'
import { exitCodes } from '../exit-codes.ts'
import type { Terminal } from './invocation.ts'
import { print } from './terminal/print.ts'
import { visible } from './terminal/visible.ts'
import { UsageError } from './usage-error.ts'

/**
 * Writes it, and prints the file's path and each value's, with where it came from. Secrets are withheld, and told on
 * standard error. With `json`, prints `{ file, written, withheld }` instead.
 *
 * @throws {UsageError} when there is no configuration file
 * @throws {ConfigError} when the file cannot be written, or was changed meanwhile
 */
export async function saveConfigCommand(loaded: LoadedConfig, json: boolean, terminal: Terminal): Promise<number> {
  const report = await saveConfig(loaded, { include: ['environment', 'command-line'] })
  const { file, written, withheld } = report
  if (file === undefined) throw new UsageError('there is no file to save to: name one with --config FILE')
  if (json) {
    await print(terminal.stdout, `${JSON.stringify(report, undefined, 2)}\n`)
    return exitCodes.ok
  }
  const lineOf = (path: string): string => {
    const origin = loaded.origins.get(path)
    return `  ${visible(path)}${origin === undefined ? '' : `  from ${visible(originText(origin))}`}\n`
  }
  const title = written.length === 0 ? 'nothing to write' : 'written'
  await print(terminal.stdout, `${visible(file)}: ${title}\n${written.map(lineOf).join('')}`)
  if (withheld.length > 0) {
    const advice = 'keep a secret in a file of its own, and write `file:PATH`'
    await print(terminal.stderr, `not written, for they are secret; ${advice}:\n${withheld.map(lineOf).join('')}`)
  }
  return exitCodes.ok
}
