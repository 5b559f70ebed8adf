/** The small rules that the tables of a configuration are made of. `expected` are the words for what else than a range is wanted. */

import { z } from 'zod'
import { Secret } from '../secret.ts'

/** MB of a configuration, as its ancestor has them. Unit: bytes. */
export const bytesPerMegabyte = 1_000_000

/** A size of a configuration in MB, of which parts are allowed, as whole bytes. */
export function bytesOf(megabytes: number): number {
  return Math.round(megabytes * bytesPerMegabyte)
}

/** A TCP port of a server; 0 takes any free one. */
export const port = z.int().min(0).max(65_535)

/** A text that is not empty. */
export const text = z.string().min(1)

/** A path of an HTTP server. */
export const urlPath = z
  .string()
  .regex(/^\/[^?#\s]*$/)
  .meta({ expected: 'a path that begins with `/`, without `?`, `#` and spaces' })

/** The URL of a server that we are a client of. */
export const httpUrl = z
  .url({ protocol: /^https?$/ })
  .meta({ expected: 'an http:// or https:// URL', pattern: '^[Hh][Tt][Tt][Pp][Ss]?:' })

/** The URL of a server that speaks WebSocket. */
export const webSocketUrl = z
  .url({ protocol: /^wss?$/ })
  .meta({ expected: 'a ws:// or wss:// URL', pattern: '^[Ww][Ss][Ss]?:' })

/** `host:port`, with `[…]` around an IPv6 address. */
export const hostAndPort = z
  .string()
  .regex(/^(\[[0-9A-Fa-f:.%]+\]|[^:[\]\s/]+):\d{1,5}$/)
  .meta({ expected: '`host:port`, e.g. `logs.example:9090` or `[::1]:9090`' })

/** A path of the file system; relative ones count from where the daemon was started. */
export const path = z.string().min(1)

/** What files are called that a sink writes. */
export const fileName = z
  .string()
  .regex(/^[^/\\\0]+$/)
  .meta({ expected: 'a file name without directories' })

/** Whole numbers of at least 1. */
export const count = z.int().min(1)

/** A time in whole ms, up to a day. */
export const milliseconds = z.int().min(1).max(86_400_000)

/** A time in s, up to a day; parts of a second are allowed. */
export const seconds = z.number().min(0.1).max(86_400)

/** A time in hours, up to ten years; parts are allowed, 0 is never. */
export const hoursOrNever = z.number().min(0).max(87_600)

/** A size in bytes that holds at least one block or line: 64 KiB to 16 GiB. */
export const bufferBytes = z.int().min(65_536).max(17_179_869_184)

/** The longest line, entry or frame that may be asked for. Unit: bytes, up to 256 MiB. */
export const lineBytes = z.int().min(16).max(268_435_456)

/** Frames of WebSocket. Unit: bytes, up to 256 MiB. */
export const frameBytes = z.int().min(1024).max(268_435_456)

/** A size in MB of 1,000,000 bytes; parts are allowed. */
export const megabytes = z.number().min(0.001).max(1_000_000_000)

/** The same where 0 means that there is no bound, as in the ancestor. */
export const megabytesOrNone = z.number().min(0).max(1_000_000_000)

/** How many ids are remembered, so that repeats are known. */
export const rememberedIds = z.int().min(2).max(1_000_000)

/** One text, or a list of texts. */
export const textOrList = z.union([text, z.array(text).min(1)])

/**
 * A text that is never shown: the text itself, `file:/run/secrets/token` (the file's content without its last line
 * end), or `env:NAME`.
 */
export const secret = text
  .meta({ secret: true, expected: 'a text, `file:PATH` or `env:NAME`' })
  .transform((reference) => new Secret(reference))
