/** Serves the live page: the files of one folder, read once, under a policy that lets nothing else run or load. */

import { readdir, readFile } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { extname } from 'node:path'

const folder = new URL('../page/', import.meta.url)

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
}

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

/**
 * Reads the page's files: its document is `/`, and below each of the `pipelines`, e.g. `/app/`; the rest is below `/page/`.
 * Rejects when the package is incomplete.
 */
export async function loadLivePage(pipelines: readonly string[] = []): Promise<LivePage> {
  const bodies = new Map<string, { body: Buffer; type: string }>()
  for (const name of await readdir(folder)) {
    const type = types[extname(name)]
    if (type === undefined) continue
    const body = await readFile(new URL(name, folder))
    if (name !== 'index.html') bodies.set(`/page/${name}`, { body, type })
    else {
      bodies.set('/', { body, type })
      const below = Buffer.from(body.toString().replaceAll('"./page/', '"../page/'))
      for (const pipeline of pipelines) bodies.set(`/${encodeURIComponent(pipeline)}/`, { body: below, type })
    }
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
