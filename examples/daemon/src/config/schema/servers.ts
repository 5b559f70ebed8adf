/** What every stage that listens has: where, who may come, how often, and TLS. */

import { z } from 'zod'
import { count, milliseconds, path, port, secret, textOrList } from './primitives.ts'

/** How much one client, or all together, may ask for. */
export const netLimit = z.strictObject({
  enabled: z.boolean().default(false).describe('Whether these limits hold.'),
  requests_per_second: z.number().positive().optional().describe('Requests of HTTP, connections of TCP.'),
  burst_size: count
    .optional()
    .describe('As many at once after a quiet time. Default: `requests_per_second`, at least 1.'),
  limit_by: z.enum(['ip', 'global']).default('ip').describe('Whether each address has this rate, or all share it.'),
  entries_per_second: z.number().positive().optional().describe('Entries that a client may send in.'),
  response_code: z
    .int()
    .min(400)
    .max(599)
    .optional()
    .describe('The status of HTTP answers beyond the limit. Default: 429.'),
  response_message: z
    .string()
    .max(1000)
    .optional()
    .describe('The text of such answers. Default: `Net limit exceeded`.'),
  max_connections_per_ip: z.int().min(0).default(0).describe('Connections at once from one address; 0 is no bound.'),
  max_total_connections: z.int().min(0).default(0).describe('Connections at once from all; 0 is no bound.'),
})

const tlsVersion = z.enum(['TLS1.0', 'TLS1.1', 'TLS1.2', 'TLS1.3'])

/** TLS of a server. */
export const serverSsl = z.strictObject({
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
  min_version: tlsVersion.optional().describe('The oldest version. Default: TLS1.2; older ones are refused.'),
  max_version: tlsVersion.optional().describe('The newest version. Default: the newest there is.'),
  cipher_suites: z.string().optional().describe("OpenSSL's names of ciphers for TLS 1.2."),
})

/** TLS of a client. */
export const clientSsl = z.strictObject({
  enabled: z.boolean().default(true).describe('Whether TLS is spoken, where the address does not say.'),
  ca_file: path.optional().describe('Whose certificates are good, instead of the well-known ones; PEM.'),
  cert_file: path.optional().describe('The certificate to show; PEM.'),
  key_file: path.optional().describe('Its private key; PEM.'),
  key_passphrase: secret.optional().describe('What the key is encrypted with.'),
  server_name: z.string().optional().describe("The name that the server's certificate must have. Default: the host's."),
})

/** The proof that a client of another server shows. */
export const clientAuth = z.strictObject({
  token: secret.optional().describe('For `Authorization: Bearer`.'),
  username: z.string().optional().describe('For `Authorization: Basic`, with `password`.'),
  password: secret.optional().describe('For `Authorization: Basic`.'),
})

const rights = z.array(z.enum(['ingest', 'stream', 'status'])).optional()

/** Who may use the servers of a pipeline. */
export const auth = z.strictObject({
  type: z.enum(['none', 'basic', 'bearer', 'mtls']).default('none').describe('What clients show.'),
  basic_auth: z
    .strictObject({
      users: z
        .array(
          z.strictObject({
            username: z.string().min(1),
            password_hash: secret.describe('As `logwisp hash-password` makes it; bcrypt too.'),
            rights: rights.describe('What the user may do: any of `ingest`, `stream`, `status`. Default: all.'),
          }),
        )
        .default([])
        .describe('Who may come.'),
      users_file: path.optional().describe('A file of lines `name:hash`.'),
      realm: z.string().optional().describe('What browsers show when they ask for the password.'),
    })
    .optional(),
  bearer_auth: z
    .strictObject({
      tokens: z.array(secret).default([]).describe('Tokens, or their hashes as `logwisp token` makes them.'),
      tokens_file: path.optional().describe('A file of lines `name:token` or `name:hash`.'),
      jwt: z
        .strictObject({
          jwks_url: z.url().optional().describe('Where the issuer publishes its keys.'),
          signing_key: secret.optional().describe('The key: a text of at least 32 bytes, or PEM.'),
          issuer: z.string().optional().describe('Who must have issued them: `iss`.'),
          audience: z.string().optional().describe('Whom they must be for: `aud`.'),
          name_claim: z.string().optional().describe('The claim with the name. Default: `sub`.'),
        })
        .optional(),
    })
    .optional(),
  mtls: z
    .strictObject({
      names: z
        .array(z.string())
        .optional()
        .describe('The certificates that are let in, by common name or alternative name. Default: all good ones.'),
    })
    .optional(),
  ip_whitelist: z.array(z.string()).default([]).describe('Addresses and networks that may come; empty is all.'),
  ip_blacklist: z.array(z.string()).default([]).describe('Addresses and networks that may not.'),
  trusted_proxies: z.array(z.string()).default([]).describe("Proxies whose word for the client's address is taken."),
  anonymous: rights.describe('What somebody may do who shows nothing, beside `type`. Default: nothing.'),
})

/** Where a stage listens. */
export const listening = {
  host: z
    .string()
    .min(1)
    .default('127.0.0.1')
    .describe('The address to listen on; `0.0.0.0` or `::` is all of this machine.'),
  port: port.describe('The port to listen on; 0 takes any free one.'),
  net_limit: netLimit.prefault({}).describe('How much one client, or all together, may ask for.'),
  ssl: serverSsl.prefault({}).describe('TLS.'),
  auth: auth.optional().describe("Who may come here, instead of the pipeline's `auth`."),
  max_connections: count.default(1000).describe('Connections at once; further ones are refused.'),
} as const

/** Where browsers can reach a stage. */
export const reachableByBrowsers = {
  allowed_hosts: textOrList
    .optional()
    .describe('Names, besides those of this machine, under which requests are answered; `any` is all of them.'),
  allow_origin: textOrList
    .optional()
    .describe('Origins whose pages may use it; `*` is every page. Default: none but its own.'),
} as const

/** How a live viewer is told that the connection lives. */
export const heartbeat = z.strictObject({
  enabled: z.boolean().default(true).describe('Whether viewers that hear nothing get one.'),
  interval_seconds: z.number().min(0.1).default(30).describe('How often.'),
  include_timestamp: z.boolean().default(true).describe('Whether it has the time.'),
  include_stats: z.boolean().default(false).describe('Whether it tells how many viewers there are and for how long.'),
  format: z
    .enum(['json', 'comment', 'entry'])
    .default('comment')
    .describe(
      '`comment`: one that pages do not see. `json`: an event named `heartbeat`, over TCP a line. `entry`: an entry.',
    ),
})

/** The limits of live viewers, in all protocols. */
export const viewers = {
  max_viewers: count.default(100).describe('Viewers at once; further ones are refused.'),
  ring_entries: count.default(100_000).describe('Entries kept for viewers that come back, and for slow ones.'),
  ring_bytes: count.default(16_777_216).describe('Memory that these may take, in bytes.'),
  when_viewer_slow: z
    .enum(['drop-oldest', 'drop-all', 'cut-off'])
    .default('drop-oldest')
    .describe('What becomes of a viewer that the ring has overtaken.'),
  stuck_timeout_seconds: z
    .number()
    .min(0.1)
    .default(30)
    .describe('A viewer that takes nothing for so long is cut off.'),
} as const

/** Common to all that waits for a stopped stream. */
export const drainTimeoutMs = milliseconds.optional()
