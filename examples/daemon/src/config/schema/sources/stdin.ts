/** Standard input. */

import { z } from 'zod'
import { text } from '../primitives.ts'
import { ancestorsBuffer } from './ancestors-buffer.ts'
import { encoding, maxLineBytes, timeZone, whenLineTooLong } from './lines.ts'

/** Its options. */
export const stdinSourceOptions = z.strictObject({
  source: text.default('stdin').describe('The `source` of the entries.'),
  encoding: encoding.describe('The encoding of the bytes.'),
  max_line_bytes: maxLineBytes,
  when_line_too_long: whenLineTooLong,
  time_zone: timeZone,
  buffer_size: ancestorsBuffer,
})
