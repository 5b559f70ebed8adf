/** Finds the configuration file. */

import { access } from 'node:fs/promises'
import { homedir } from 'node:os'
import { isAbsolute, join, resolve } from 'node:path'
import { ConfigError, type ValueOrigin } from './loaded-config.ts'

/** What the search depends on. */
export interface FindRequest {
  /** The file that the command line names. */
  readonly configFile?: string | undefined
  readonly environment: NodeJS.ProcessEnv
  readonly cwd: string
}

/**
 * The configuration file, absolute. In this order:
 *
 * 1. the one that the command line names;
 * 2. `LOGWISP_CONFIG_FILE`, in `LOGWISP_CONFIG_DIR` when that is set and the name is relative;
 * 3. `logwisp.toml` in `LOGWISP_CONFIG_DIR`;
 * 4. `logwisp/logwisp.toml` in `XDG_CONFIG_HOME`, or in `~/.config`;
 * 5. `logwisp.toml` in the current directory.
 *
 * @returns undefined when none of the last two is there
 * @throws {ConfigError} when one of the first three is named but not there
 */
export async function findFile({ configFile, environment, cwd }: FindRequest): Promise<string | undefined> {
  if (configFile !== undefined) {
    return await named(resolve(cwd, configFile), { from: 'command-line', flag: '--config' })
  }
  const directory = nonEmpty(environment['LOGWISP_CONFIG_DIR'])
  const file = nonEmpty(environment['LOGWISP_CONFIG_FILE'])
  if (file !== undefined) {
    const path = directory === undefined || isAbsolute(file) ? file : join(directory, file)
    return await named(resolve(cwd, path), { from: 'environment', variable: 'LOGWISP_CONFIG_FILE' })
  }
  if (directory !== undefined) {
    const path = resolve(cwd, directory, 'logwisp.toml')
    return await named(path, { from: 'environment', variable: 'LOGWISP_CONFIG_DIR' })
  }
  for (const path of [join(configHome(environment), 'logwisp', 'logwisp.toml'), join(cwd, 'logwisp.toml')]) {
    if (await isThere(path)) return path
  }
  return undefined
}

function configHome(environment: NodeJS.ProcessEnv): string {
  const home = nonEmpty(environment['XDG_CONFIG_HOME'])
  // The XDG specification has relative ones ignored.
  if (home !== undefined && isAbsolute(home)) return home
  return join(nonEmpty(environment['HOME']) ?? homedir(), '.config')
}

async function named(path: string, origin: ValueOrigin): Promise<string> {
  if (await isThere(path)) return path
  throw new ConfigError([{ path: '', message: `there is no file ${path}`, origin }])
}

/** A file that is there but must not be looked at is there: reading it tells what is wrong. */
async function isThere(path: string): Promise<boolean> {
  try {
    await access(path)
    return true
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    return code !== 'ENOENT' && code !== 'ENOTDIR'
  }
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === '' ? undefined : text
}
