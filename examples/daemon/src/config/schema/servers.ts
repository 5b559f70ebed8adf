/** What every stage that listens has: where, who may come, how often, and TLS. */

import { z } from 'zod'
import { auth } from './auth.ts'
import { bufferBytes, count, path, port, seconds, secret, text, textOrList } from './primitives.ts'

/** How much one client, or all together, may ask for. */
export const netLimit = z
  .strictObject({
    enabled: z.boolean().default(false).describe('Whether these limits hold.'),
    requests_per_second: z
      .number()
      .min(0.001)
      .max(1_000_000)
      .optional()
      .describe('Requests of HTTP, connections of TCP. Default: no bound.'),
    burst_size: count
      .optional()
      .describe('As many at once after a quiet time. Default: as many as in a second, at least 1.'),
    limit_by: z
      .enum(['ip', 'user', 'global'])
      .default('ip')
      .describe('Whether each address has this rate, or each user, token or certificate, or all share it.'),
    entries_per_second: z
      .number()
      .min(0.001)
      .max(1_000_000_000)
      .optional()
      .describe('Entries that are sent in, by `limit_by` too. Default: no bound.'),
    response_code: z.int().min(400).max(599).default(429).describe('The status of HTTP answers beyond the rate.'),
    response_message: z
      .string()
      .max(1000)
      .meta({ expected: 'a text of up to 1000 characters' })
      .default('Net limit exceeded')
      .describe('What such answers say; up to 1000 characters.'),
    max_connections_per_ip: z.int().min(0).default(0).describe('Connections at once from one address; 0 is no bound.'),
    max_total_connections: z.int().min(0).default(0).describe('Connections at once from all; 0 is no bound.'),
  })
  .meta({ title: 'net_limit' })

const tlsVersion = z.enum(['TLS1.0', 'TLS1.1', 'TLS1.2', 'TLS1.3'])

/** TLS of a server. */
export const serverSsl = z
  .strictObject({
    enabled: z.boolean().default(false).describe('Whether the server speaks TLS.'),
    cert_file: path.optional().describe('The certificate, followed by those between it and the root; PEM.'),
    key_file: path.optional().describe('Its private key; PEM. Only its owner may be able to read it.'),
    key_passphrase: secret.optional().describe('What the key is encrypted with.'),
    client_auth: z.boolean().default(false).describe('Whether clients are asked for a certificate.'),
    client_ca_file: path.optional().describe('Whose certificates of clients are good; PEM.'),
    verify_client_cert: z
      .boolean()
      .default(true)
      .describe(
        'With `client_auth`: true refuses clients without a good certificate, false lets them show another proof.',
      ),
    crl_file: path.optional().describe('Revoked certificates of clients; PEM.'),
    min_version: tlsVersion.default('TLS1.2').describe('The oldest version. Those before TLS1.2 are never spoken.'),
    max_version: tlsVersion.default('TLS1.3').describe('The newest version.'),
    cipher_suites: text
      .optional()
      .describe("OpenSSL's names of ciphers, with `:` between them, for TLS 1.2. Default: Node's."),
  })
  .meta({ title: 'ssl of what listens' })

/** TLS of a client. */
const clientTls = {
  ca_file: path.optional().describe('Whose certificates are good, instead of the well-known ones; PEM.'),
  cert_file: path.optional().describe('The certificate to show; PEM.'),
  key_file: path.optional().describe('Its private key; PEM. Only its owner may be able to read it.'),
  key_passphrase: secret.optional().describe('What the key is encrypted with.'),
  server_name: text.optional().describe("The name that the server's certificate must have. Default: the host's."),
} as const

/** TLS of a client whose URL says whether it is spoken. */
export const urlSsl = z.strictObject(clientTls).meta({ title: 'ssl of what connects to a URL' })

/** TLS of a client that has only host and port. */
export const clientSsl = z
  .strictObject({
    enabled: z.boolean().default(false).describe('Whether TLS is spoken.'),
    ...clientTls,
  })
  .meta({ title: 'ssl of tcp_client' })

/** Where a stage listens. */
export const listening = {
  host: text.default('127.0.0.1').describe('The address to listen on; `0.0.0.0` or `::` is all of this machine.'),
  port: port.describe('The port to listen on; 0 takes any free one.'),
  net_limit: netLimit.prefault({}).describe('How much one client, or all together, may ask for.'),
  ssl: serverSsl.prefault({}).describe('TLS.'),
  auth: auth.optional().describe("Who may come here, instead of the pipeline's `auth`."),
  max_connections: count.default(1000).describe('Connections at once to the port; further ones are refused.'),
} as const

/** Where browsers can reach a stage. */
export const reachableByBrowsers = {
  allowed_hosts: textOrList
    .optional()
    .describe(
      'Names, besides those of this machine, under which requests are answered; `any` is all of them. Default: `any` beyond loopback.',
    ),
  allow_origin: textOrList
    .optional()
    .describe('Origins whose pages may use it; `*` is every page. Default: none but its own.'),
} as const

/** How a live viewer is told that the connection lives. */
export const heartbeat = z
  .strictObject({
    enabled: z.boolean().default(true).describe('Whether viewers that hear nothing get one.'),
    interval_seconds: seconds.default(30).describe('After how much quiet.'),
    include_timestamp: z.boolean().default(true).describe('Whether it has the time.'),
    include_stats: z.boolean().default(false).describe('Whether it tells how many viewers there are and for how long.'),
    format: z
      .enum(['json', 'comment', 'entry'])
      .default('comment')
      .describe(
        '`comment`: one that pages do not see (SSE), a ping (WebSocket). `json`: an event, a frame, or a line. `entry`: an entry.',
      ),
  })
  .meta({ title: 'heartbeat' })

/** The limits of live viewers, in all protocols. */
export const viewers = {
  max_viewers: count.default(100).describe('Viewers at once; further ones are refused.'),
  max_viewers_per_address: count.optional().describe('Viewers at once from one address. Default: no bound.'),
  ring_entries: count.default(100_000).describe('Entries kept for viewers that come back, and for slow ones.'),
  ring_bytes: bufferBytes.default(16_777_216).describe('Memory that these may take, in bytes.'),
  when_viewer_slow: z
    .enum(['drop-oldest', 'drop-all', 'cut-off'])
    .default('drop-oldest')
    .describe('What becomes of a viewer that the ring has overtaken: it misses the oldest, or all, or is cut off.'),
  stuck_timeout_seconds: seconds.default(30).describe('A viewer that takes nothing for so long is cut off.'),
  idle_timeout_seconds: seconds
    .optional()
    .describe('A viewer for whom no entry came for so long is told good-bye. Default: never.'),
} as const
