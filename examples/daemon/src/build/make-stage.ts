/** The moment at which a stage of the configuration becomes one of the library. */

import type { Readable, Writable } from 'node:stream'
import type { BuildContext } from './built-stage.ts'
import { inPlace } from './stage-place.ts'

/**
 * Makes it, and shows it to whoever only wants to know whether it can be.
 *
 * @throws LogwispError with the place in the configuration.
 */
export function makeStage<Stage extends Readable | Writable>(
  { onMade }: Pick<BuildContext, 'onMade'>,
  place: string,
  make: () => Stage,
): Stage {
  const stage = inPlace(place, make)
  onMade?.(stage)
  return stage
}
