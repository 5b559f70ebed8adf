/** An option of the ancestor. */

import { count } from '../primitives.ts'

/** Of sources whose buffer the ancestor counted in entries. */
export const ancestorsBuffer = count
  .optional()
  .describe('Accepted as the ancestor has it, without effect: what is read is bounded in bytes here.')
