/** On what it was measured. */

import { availableParallelism, cpus, loadavg, release, totalmem, type } from 'node:os'
import { versionOf } from './programs.ts'

/** What a figure depends on, besides the code. */
export interface Machine {
  readonly cores: number
  readonly cpu: string
  readonly memoryBytes: number
  readonly node: string
  readonly os: string
  /** Programs of the system that can take part, with their versions. */
  readonly programs: Readonly<Record<string, string>>
  /** What else it had to do, as the mean number of programs that wanted a core in the minute before. */
  readonly loadBefore: number
}

const programs = { grep: '--version', tail: '--version', rsyslogd: '-v', 'syslog-ng': '--version' } as const

/** Looks around. */
export function describeMachine(): Machine {
  const versions = Object.entries(programs).flatMap(([name, flag]) => {
    const version = versionOf(name, flag)
    return version === undefined ? [] : [[name, version]]
  })
  return {
    cores: availableParallelism(),
    cpu: cpus()[0]?.model ?? 'unknown',
    memoryBytes: totalmem(),
    node: process.version,
    os: `${type()} ${release()}`,
    programs: Object.fromEntries(versions) as Record<string, string>,
    loadBefore: loadavg()[0] as number,
  }
}
