/** A configuration from a text, without secrets, environment and command line. */

import { checkWhole } from '../src/config/check-whole.ts'
import { checkWritten } from '../src/config/check-written.ts'
import { configShape } from '../src/config/config-shape.ts'
import type { Notice, Problem } from '../src/config/loaded-config.ts'
import { modernise } from '../src/config/older-spelling.ts'
import { originsOf } from '../src/config/origins.ts'
import { parseJson } from '../src/config/parse-json.ts'
import { parseToml } from '../src/config/parse-toml.ts'
import { parseYaml } from '../src/config/parse-yaml.ts'
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
  const { tree, notices, problems } = modernise(parserFor(file)({ text, file }))
  const { plain, problems: strangers } = checkWritten(tree, configShape)
  const parsed = parseConfig(plain)
  if ('problems' in parsed) {
    const wrong = parsed.problems.map(({ path, message }) => ({ path, message, origin: undefined }))
    return { config: undefined, problems: [...problems, ...strangers, ...wrong], notices, plain }
  }
  const whole = checkWhole(parsed.config, originsOf(parsed.config, tree))
  return {
    config: parsed.config,
    problems: [...problems, ...strangers, ...whole.problems],
    notices: [...notices, ...whole.notices],
    plain,
  }
}

function parserFor(file: string): typeof parseToml {
  if (file.endsWith('.json')) return parseJson
  return file.endsWith('.yaml') ? parseYaml : parseToml
}

/** By path, what is wrong with a text. */
export function problemsIn(text: string): Record<string, string> {
  return Object.fromEntries(readConfig(text).problems.map(({ path, message }) => [path, message]))
}

/** A pipeline from a directory, `logs`, to a sink that posts, with `options` beside its address and `more` behind it. */
export function posting(options: string, more = ''): string {
  return `[[pipelines]]
name = "app"
[[pipelines.sources]]
type = "directory"
options = { path = "logs", recursive = true }
[[pipelines.sinks]]
type = "http_client"
options = { url = "http://a/b"${options} }
${more}`
}
