/** Lines that are sent over TCP. */

import { z } from 'zod'
import { clientAuth } from '../auth.ts'
import { bufferBytes, count, hostAndPort, milliseconds, seconds, text } from '../primitives.ts'
import { clientSsl } from '../servers.ts'
import { anySink } from './any-sink.ts'

/** Its options. */
export const tcpClientSinkOptions = z.strictObject({
  ...anySink,
  address: z
    .union([hostAndPort, z.array(hostAndPort).min(1)])
    .describe('Where to; a list is several, tried in their order.'),
  protocol: z
    .enum(['plain', 'logwisp'])
    .default('plain')
    .describe('`logwisp` has a LogWisp at the other end acknowledge what it got, and then nothing is lost at a cut.'),
  acknowledge: z
    .enum(['peer', 'written'])
    .optional()
    .describe('When an entry is done: the other end has it, or the system took it. Default: `peer` with `logwisp`.'),
  name: text
    .optional()
    .describe(
      "What the LogWisp at the other end shall call us; it tells our ids by it. Default: the host's name and the pipeline's.",
    ),
  dial_timeout_seconds: seconds.default(10).describe('For opening a connection.'),
  write_timeout_seconds: seconds.default(30).describe('A connection that takes nothing for so long is made anew.'),
  acknowledge_timeout_seconds: seconds
    .min(0.3)
    .default(30)
    .describe('The same for a LogWisp that says nothing while entries wait for it.'),
  keep_alive_seconds: seconds.default(30).describe('How soon a silent connection is asked whether it lives.'),
  reconnect_delay_ms: milliseconds.default(1000).describe('The longest pause after a first failure; it doubles.'),
  max_reconnect_delay_seconds: seconds.default(30).describe('The longest pause.'),
  reconnect_backoff: z
    .number()
    .min(1)
    .default(1.5)
    .describe('Accepted as the ancestor has it, without effect: pauses double here, drawn at random.'),
  failback_interval_seconds: seconds
    .default(30)
    .describe('With several addresses: how often those before the one in use are tried.'),
  max_buffer_entries: count.default(100_000).describe('Entries that wait, or are not acknowledged yet.'),
  max_buffer_bytes: bufferBytes.default(33_554_432).describe('Memory that they may take, in bytes.'),
  auth: clientAuth.optional().describe('What is shown to the server; needs `protocol = "logwisp"`.'),
  ssl: clientSsl.prefault({}).describe('TLS.'),
})
