/** A live stream of lines over TCP. */

import { z } from 'zod'
import { seconds } from '../primitives.ts'
import { heartbeat, listening, viewers } from '../servers.ts'
import { anySink } from './any-sink.ts'

/** Its options. */
export const tcpSinkOptions = z.strictObject({
  ...anySink,
  ...listening,
  ...viewers,
  port: listening.port.default(9090).describe('The port to listen on; 0 takes any free one.'),
  heartbeat: heartbeat.prefault({ enabled: false }).describe('What viewers that hear nothing get. Default: nothing.'),
  backlog_entries: z.int().min(0).default(0).describe('The last entries, at most so many, that a viewer gets first.'),
  dropped_lines: z
    .enum(['json', 'none'])
    .optional()
    .describe(
      'What stands where a viewer missed entries. Default: `json` with the format `json` or `wire`, else `none`.',
    ),
  greeting_timeout_seconds: seconds
    .default(10)
    .describe('How long a viewer that has to say who it is may take for that.'),
  max_input_bytes: z
    .int()
    .min(0)
    .default(65_536)
    .describe('What a viewer sends is thrown away; one that sends more is cut off.'),
  allow_half_open: z.boolean().default(false).describe('Whether a viewer that ended its own side still gets entries.'),
})
