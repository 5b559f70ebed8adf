/** A stream of events from a server. */

import { z } from 'zod'
import { httpUrl, textOrList } from '../primitives.ts'
import { resuming } from './resuming.ts'

/** Its options. */
export const sseSourceOptions = z.strictObject({
  url: httpUrl.describe('The stream of another LogWisp, or any `text/event-stream`.'),
  event_types: textOrList
    .default('message')
    .describe('Types of events that are entries; `any` is all. `message` is that of events without one.'),
  max_event_bytes: z.int().min(64).max(268_435_456).default(1_048_576).describe('A longer event is dropped, counted.'),
  max_redirects: z.int().min(0).max(20).default(5).describe('Redirects that are followed for one connection.'),
  ...resuming,
})
