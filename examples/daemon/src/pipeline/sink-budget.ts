/** The part of the daemon's memory that stages before and in one sink share with all others, under the sink's name. */

import type { ByteBudget } from '@logwisp/core'
import type { PipelineConfig } from '../config/schema.ts'
import { branchNames } from './branch-names.ts'

/** E.g. `app/http_client`. */
export function sinkBudget(
  budget: ByteBudget | undefined,
  { name, sinks }: Pick<PipelineConfig, 'name' | 'sinks'>,
  index: number,
): ByteBudget | undefined {
  return budget?.within(`${name}/${branchNames(sinks)[index] ?? index}`)
}
