/** Serves the live page: three files, read once, under a policy that lets nothing else run or load. */

import { readFile } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'

const files = {
  '/': { name: 'index.html', type: 'text/html; charset=utf-8' },
  '/live.css': { name: 'live.css', type: 'text/css; charset=utf-8' },
  '/live.js': { name: 'live.js', type: 'text/javascript; charset=utf-8' },
} as const

const headers = {
  'Cache-Control': 'no-cache',
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
} as const

/** Answers a request for the page. Returns false, having done nothing, when the path is not the page's. */
export type LivePage = (request: IncomingMessage, response: ServerResponse) => boolean

/** Reads the page's files. Rejects when the package is incomplete. */
export async function loadLivePage(): Promise<LivePage> {
  const bodies = new Map<string, { body: Buffer; type: string }>()
  for (const [path, { name, type }] of Object.entries(files)) {
    bodies.set(path, { body: await readFile(new URL(`../page/${name}`, import.meta.url)), type })
  }
  return (request, response) => {
    const found = bodies.get((request.url ?? '').split('?', 1)[0] as string)
    if (found === undefined) return false
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.writeHead(405, { ...headers, Allow: 'GET, HEAD' }).end()
      return true
    }
    response.writeHead(200, { ...headers, 'Content-Type': found.type, 'Content-Length': found.body.length })
    response.end(request.method === 'HEAD' ? undefined : found.body)
    return true
  }
}
