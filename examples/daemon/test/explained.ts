/** Explains a pipeline that is written as a configuration has it. */

import type { z } from 'zod'
import { type Explanation, explanationOf } from '../src/commands/explanation.ts'
import { configSchema } from '../src/config/schema.ts'

/** A pipeline without its name. */
export interface ExplainedPipeline {
  readonly sources: readonly object[]
  readonly sinks: readonly object[]
  readonly rate_limit?: object
}

/** Its explanation, under the name `app`. */
export function explained(pipeline: ExplainedPipeline): Explanation {
  const input = { pipelines: [{ name: 'app', ...pipeline }] } as unknown as z.input<typeof configSchema>
  const { pipelines } = configSchema.parse(input)
  return explanationOf(pipelines[0] as (typeof pipelines)[number], false)
}
