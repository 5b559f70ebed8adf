/** Who may use the servers of a pipeline, and what a client shows to the server of somebody else. */

import { z } from 'zod'
import { path, seconds, secret, text, textOrList } from './primitives.ts'

/** What somebody may do. */
export const rights = z.array(z.enum(['ingest', 'stream', 'status']))

const addresses = z.array(text)

const basicAuth = z
  .strictObject({
    users: z
      .array(
        z
          .strictObject({
            username: text.describe('The name.'),
            password_hash: secret.describe('As `logwisp hash-password` makes it; bcrypt too.'),
            rights: rights
              .optional()
              .describe('What the user may do: any of `ingest`, `stream`, `status`. Default: all of them.'),
          })
          .meta({ title: 'users of basic_auth' }),
      )
      .default([])
      .describe('Who may come.'),
    users_file: path.optional().describe('A file of lines `name:hash`. Only its owner may be able to read it.'),
    realm: text.default('LogWisp').describe('What browsers show when they ask for the password.'),
  })
  .meta({ title: 'basic_auth' })

const jwt = z
  .strictObject({
    jwks_url: z
      .url({ protocol: /^https$/ })
      .meta({ expected: 'an https:// URL', pattern: '^[Hh][Tt][Tt][Pp][Ss]:' })
      .optional()
      .describe('Where the issuer publishes its keys.'),
    signing_key: secret.optional().describe('The key: a text of at least 32 bytes, or PEM.'),
    issuer: textOrList.optional().describe('Who must have issued them: `iss`. Must be given.'),
    audience: textOrList.optional().describe('Whom they must be for: `aud`. Must be given.'),
    algorithms: z
      .array(text)
      .min(1)
      .optional()
      .describe('Signatures that are accepted. Default: all that fit the keys.'),
    clock_tolerance_seconds: z
      .number()
      .min(0)
      .max(600)
      .default(5)
      .describe("How far the issuer's clock may be from ours."),
    name_claim: text.default('sub').describe('The claim with the name.'),
    rights: rights.optional().describe('What they are good for. Default: what their claim `scope` says.'),
  })
  .meta({ title: 'jwt' })

const bearerAuth = z
  .strictObject({
    tokens: z
      .array(secret)
      .default([])
      .describe('Tokens, or their hashes as `logwisp token` makes them. Each is good for everything.'),
    clients: z
      .array(
        z
          .strictObject({
            name: text.describe('The name.'),
            token: secret.describe('The token, or its hash.'),
            rights: rights
              .optional()
              .describe('What it is good for: any of `ingest`, `stream`, `status`. Default: all of them.'),
          })
          .meta({ title: 'clients of bearer_auth' }),
      )
      .default([])
      .describe('Tokens with a name, and rights of their own.'),
    tokens_file: path
      .optional()
      .describe('A file of lines `name:token` or `name:hash`. Only its owner may be able to read it.'),
    jwt: jwt.optional().describe('JSON Web Tokens.'),
  })
  .meta({ title: 'bearer_auth' })

const mutualTls = z
  .strictObject({
    names: z
      .array(text)
      .min(1)
      .optional()
      .describe('The certificates that are let in, by common name or alternative name. Default: all good ones.'),
    clients: z
      .array(
        z
          .strictObject({
            name: text.describe('The name.'),
            subject: text
              .optional()
              .describe(
                'What the certificate must say, e.g. `DNS:host-a.example` or `URI:spiffe://example/a`. Default: the name.',
              ),
            rights: rights
              .optional()
              .describe('What it is good for: any of `ingest`, `stream`, `status`. Default: all of them.'),
          })
          .meta({ title: 'clients of mtls' }),
      )
      .default([])
      .describe('Certificates with a name, and rights of their own.'),
  })
  .meta({ title: 'mtls' })

/** Who may use the servers of a pipeline. */
export const auth = z
  .strictObject({
    type: z.enum(['none', 'basic', 'bearer', 'mtls']).default('none').describe('What clients show.'),
    basic_auth: basicAuth.optional().describe('Names and passwords, for `type = "basic"`.'),
    bearer_auth: bearerAuth.optional().describe('Tokens, for `type = "bearer"`.'),
    mtls: mutualTls.optional().describe('Certificates of clients, for `type = "mtls"`; needs `ssl.client_auth`.'),
    ip_whitelist: addresses
      .default([])
      .describe('Addresses and networks that may come, `loopback` and `private` too; empty is all.'),
    ip_blacklist: addresses.default([]).describe('Addresses and networks that may not, whatever the other list says.'),
    trusted_proxies: addresses.default([]).describe("Proxies whose word for the client's address is taken."),
    forwarded_header: z
      .enum(['x-forwarded-for', 'forwarded'])
      .default('x-forwarded-for')
      .describe('The one header in which they tell it.'),
    anonymous: rights
      .optional()
      .describe(
        'What somebody may do who shows nothing, beside `type`: any of `ingest`, `stream`, `status`. Default: nothing.',
      ),
    failures: z
      .strictObject({
        allowed: z.int().min(0).default(5).describe('Wrong credentials of one address that have no consequence.'),
        first_delay_seconds: seconds.default(1).describe('How long it has to wait after the next; doubled with each.'),
        max_delay_seconds: seconds.default(900).describe('The longest wait.'),
      })
      .meta({ title: 'failures' })
      .prefault({})
      .describe('What wrong credentials lead to.'),
  })
  .meta({ title: 'auth of what listens' })

/** The proof that a client of another server shows. */
export const clientAuth = z
  .strictObject({
    token: secret.optional().describe('For `Authorization: Bearer`.'),
    username: text.optional().describe('For `Authorization: Basic`, with `password`.'),
    password: secret.optional().describe('For `Authorization: Basic`, with `username`.'),
  })
  .meta({ title: 'auth of what connects' })
