/** What the sources of lines are told alike. */

import { z } from 'zod'
import { lineBytes } from '../primitives.ts'

/** How long a line may be. */
export const maxLineBytes = lineBytes.default(1_048_576).describe('The longest line that is given whole.')

/** What becomes of longer ones. */
export const whenLineTooLong = z
  .enum(['truncate', 'split', 'skip'])
  .default('truncate')
  .describe('What becomes of a longer one: its beginning is given, or all of it in parts, or nothing.')

/** How bytes are characters. */
export const encoding = z.enum(['utf8', 'utf16le', 'utf16be', 'latin1']).default('utf8')

/** Whose time it is. */
export const timeZone = z
  .union([z.enum(['local', 'utc']), z.int().min(-1080).max(1080)])
  .default('local')
  .describe('Of times that name none: `local`, `utc`, or minutes east of UTC.')
