/** What relates several values of a configuration to each other: all that the schema cannot see. */

import { checkAccess } from './checks/check-access.ts'
import { checkBuffers } from './checks/check-buffers.ts'
import { checkDeadLetters } from './checks/check-dead-letters.ts'
import { checkFiles } from './checks/check-files.ts'
import { checkPipelines } from './checks/check-pipelines.ts'
import { checkPorts } from './checks/check-ports.ts'
import { Findings } from './checks/findings.ts'
import { differenceNotices } from './differences.ts'
import type { Notice, Problem, ValueOrigin } from './loaded-config.ts'
import type { Config } from './schema.ts'

/**
 * Checks a whole configuration, without looking at any file or port. Origins are left to whoever knows them.
 *
 * @param origins where each leaf's value came from; what is said of it being otherwise than in LogWisp in Go depends on it
 */
export function checkWhole(
  config: Config,
  origins: ReadonlyMap<string, ValueOrigin> = new Map(),
): { readonly problems: readonly Problem[]; readonly notices: readonly Notice[] } {
  const findings = new Findings()
  checkPipelines(config, findings)
  checkPorts(config, findings)
  checkAccess(config, findings)
  checkFiles(config, findings)
  checkBuffers(config, findings)
  checkDeadLetters(config, findings)
  findings.notices.push(...differenceNotices(config, origins))
  return { problems: findings.problems, notices: findings.notices }
}
