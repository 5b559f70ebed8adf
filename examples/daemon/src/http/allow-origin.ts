/** Which pages of other origins may read the daemon's own answers: none, but for those that the configuration names. */

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { HttpMount } from './port-host.ts'

/** Says it in the headers of an answer to a path that is these mounts'. */
export function allowOrigin(req: IncomingMessage, res: ServerResponse, mounts: readonly HttpMount[]): void {
  const allowed = mounts.flatMap((mount) => mount.allowOrigin ?? [])
  if (allowed.length === 0) return
  const { origin } = req.headers
  if (allowed.includes('*')) res.setHeader('Access-Control-Allow-Origin', '*')
  else {
    res.setHeader('Vary', 'Origin')
    if (origin === undefined || !allowed.includes(origin)) return
    res.setHeader('Access-Control-Allow-Origin', origin)
    // Who named the page lets its visitors show who they are; never with `*`, which no browser takes together.
    if (mounts.some(({ access }) => access !== undefined)) res.setHeader('Access-Control-Allow-Credentials', 'true')
  }
  res.setHeader('Access-Control-Allow-Methods', 'GET, HEAD')
  res.setHeader('Access-Control-Allow-Headers', 'Authorization, If-None-Match')
}
