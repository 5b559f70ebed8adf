/** The small rules that the tables of a configuration are made of. */

import { z } from 'zod'
import { Secret } from '../secret.ts'

/** MB of a configuration, as its ancestor has them. Unit: bytes. */
export const bytesPerMegabyte = 1_000_000

/** A TCP port of a server; 0 takes any free one. */
export const port = z.int().min(0).max(65_535)

/** A path of an HTTP server. */
export const urlPath = z.string().regex(/^\/[^?#\s]*$/, 'must be a path that begins with `/`, without `?` and `#`')

/** The URL of a server that we are a client of. */
export const httpUrl = z.url({ protocol: /^https?$/, error: 'must be an http:// or https:// URL' })

/** The URL of a server that speaks WebSocket. */
export const webSocketUrl = z.url({ protocol: /^wss?$/, error: 'must be a ws:// or wss:// URL' })

/** `host:port`, with `[…]` around an IPv6 address. */
export const hostAndPort = z
  .string()
  .regex(/^(\[[0-9A-Fa-f:.%]+\]|[^:[\]\s]+):\d{1,5}$/, 'must be `host:port`, e.g. `logs.example:9090` or `[::1]:9090`')

/** A path of the file system; relative ones count from where the daemon was started. */
export const path = z.string().min(1)

/** Whole numbers of at least 1. */
export const count = z.int().min(1)

/** A time in ms. */
export const milliseconds = z.number().min(0)

/** A time in s; parts of a second are allowed. */
export const seconds = z.number().min(0)

/** A size in bytes. */
export const bytes = z.int().min(1)

/** A size in MB of 1,000,000 bytes; parts are allowed. */
export const megabytes = z.number().positive()

/** The same where 0 means that there is no bound, as in the ancestor. */
export const megabytesOrNone = z.number().min(0)

/** One text, or a list of texts. */
export const textOrList = z.union([z.string(), z.array(z.string())])

/**
 * A text that is never shown: the text itself, `file:/run/secrets/token` (the file's content without its last line
 * end), or `env:NAME`.
 */
export const secret = z
  .string()
  .min(1)
  .transform((text) => new Secret(text))
  .meta({ secret: true })
