/** Programs of the system that take part where they are installed. */

import { spawnSync } from 'node:child_process'

/** Also where Debian puts daemons, which not every user has in the path. */
export const searchPath: string = `${process.env['PATH']}:/usr/local/sbin:/usr/sbin:/sbin`

/** What a program says when it is asked for its version, in one line; undefined when it is not installed. */
export function versionOf(command: string, flag = '--version'): string | undefined {
  const { error, stdout, stderr } = spawnSync(command, [flag], { encoding: 'utf8', env: { PATH: searchPath } })
  if (error !== undefined) return undefined
  return (stdout || stderr).split('\n', 1)[0]?.trim()
}

/** Why a program cannot take part; undefined when it can. */
export function whyMissing(command: string, flag?: string): string | undefined {
  return versionOf(command, flag) === undefined ? `${command} is not installed` : undefined
}
