/** `logwisp [directory]`: what its short-cuts mean to the configuration of directory mode. */

import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'

/** The short-cuts, as commander gives them. */
export interface ShortCuts {
  readonly port?: string
  readonly host?: string
  readonly pattern?: string
  readonly fromBeginning?: true
  readonly output?: string
  readonly stateDir?: string
}

/** What each short-cut is called on the command line, in messages. */
const flags: Readonly<Record<Exclude<keyof ShortCuts, 'stateDir'>, string>> = {
  port: '--port',
  host: '--host',
  pattern: '--pattern',
  fromBeginning: '--from-beginning',
  output: '--output',
}

/** The values of the configuration that short-cuts stand for; what was said in full stays as it is. */
export function withShortCuts(
  argv: ReadonlyMap<string, string | true>,
  { port, host, pattern, fromBeginning, output, stateDir }: ShortCuts,
  cwd: string,
): ReadonlyMap<string, string | true> {
  const values = new Map<string, string | true>()
  const set = (path: string, value: string | undefined): void => {
    if (value !== undefined) values.set(path, value)
  }
  set('pipelines.0.sinks.0.options.port', port)
  set('pipelines.0.sinks.0.options.host', host)
  set('pipelines.0.sources.0.options.pattern', pattern)
  if (fromBeginning) values.set('pipelines.0.sources.0.options.start_at', 'beginning')
  if (output !== undefined) {
    values.set('pipelines.0.sinks.1.type', 'file')
    values.set('pipelines.0.sinks.1.options.directory', resolve(cwd, output))
    values.set('pipelines.0.sinks.1.options.name', 'logwisp')
  }
  set('state_directory', stateDir === undefined ? undefined : resolve(cwd, stateDir))
  for (const [path, value] of argv) values.set(path, value)
  return values
}

/** The first short-cut that only directory mode has, as it is typed; undefined when there is none. */
export function shortCutOf(shortCuts: ShortCuts): string | undefined {
  return Object.entries(flags).find(([name]) => shortCuts[name as keyof ShortCuts] !== undefined)?.[1]
}

/** Why a directory cannot be followed; undefined when it can. */
export async function whyNoDirectory(directory: string): Promise<string | undefined> {
  try {
    if ((await stat(directory)).isDirectory()) return undefined
    return `cannot follow ${directory}: give the directory that the file is in, and --pattern for its name`
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    return `cannot follow ${directory}: ${code === 'ENOENT' ? 'there is no such directory' : message}`
  }
}
