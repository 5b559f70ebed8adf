/** What relates several values of a configuration to each other: all that the schema cannot see. */

import { checkAccess } from './checks/check-access.ts'
import { checkFiles } from './checks/check-files.ts'
import { checkPipelines } from './checks/check-pipelines.ts'
import { checkPorts } from './checks/check-ports.ts'
import { Findings } from './checks/findings.ts'
import { differenceNotices } from './differences.ts'
import type { Notice, Problem } from './loaded-config.ts'
import type { Config } from './schema.ts'

/**
 * Checks a whole configuration, without looking at any file or port. Origins are left to whoever knows them.
 *
 * @param isGiven whether somebody wrote the value at a dotted path, rather than left it at its default. Notices of what is
 * otherwise than in LogWisp in Go depend on it; without it there are none of those.
 */
export function checkWhole(
  config: Config,
  isGiven?: (path: string) => boolean,
): { readonly problems: readonly Problem[]; readonly notices: readonly Notice[] } {
  const findings = new Findings()
  checkPipelines(config, findings)
  checkPorts(config, findings)
  checkAccess(config, findings)
  checkFiles(config, findings)
  if (isGiven !== undefined) findings.notices.push(...differenceNotices(config, isGiven))
  return { problems: findings.problems, notices: findings.notices }
}
