/** A configuration from a text, without secrets, environment and command line. */

import { checkWhole } from '../src/config/check-whole.ts'
import { checkWritten } from '../src/config/check-written.ts'
import { configShape } from '../src/config/config-shape.ts'
import type { Notice, Problem } from '../src/config/loaded-config.ts'
import { modernise } from '../src/config/older-spelling.ts'
import { isWritten } from '../src/config/origins.ts'
import { parseFile } from '../src/config/parse-file.ts'
import type { Config } from '../src/config/schema.ts'
import { parseConfig } from '../src/config/schema-problems.ts'

export interface ReadConfig {
  readonly config: Config | undefined
  readonly problems: readonly Problem[]
  readonly notices: readonly Notice[]
  /** What the schema was given. */
  readonly plain: unknown
}

export function readConfig(text: string, file = 'logwisp.toml'): ReadConfig {
  const { tree, notices, problems } = modernise(parseFile({ text, file }).tree)
  const { plain, problems: strangers } = checkWritten(tree, configShape)
  const parsed = parseConfig(plain)
  if ('problems' in parsed) {
    const wrong = parsed.problems.map(({ path, message }) => ({ path, message, origin: undefined }))
    return { config: undefined, problems: [...problems, ...strangers, ...wrong], notices, plain }
  }
  const whole = checkWhole(parsed.config, (path) => isWritten(tree, path))
  return {
    config: parsed.config,
    problems: [...problems, ...strangers, ...whole.problems],
    notices: [...notices, ...whole.notices],
    plain,
  }
}
