/** The live page: its files, read once, under a policy that lets nothing else run or load. */

import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { extname } from 'node:path'

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
}

const headers = {
  'Cache-Control': 'no-cache',
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
} as const

interface PageFile {
  readonly body: Buffer
  readonly type: string
  readonly tag: string
}

/** What the page is made of. A request finds a file by its name in a table: no path comes near the file system. */
export class PageFiles {
  readonly #files: ReadonlyMap<string, PageFile>
  readonly #pipelinePage: PageFile

  private constructor(files: ReadonlyMap<string, PageFile>) {
    this.#files = files
    const index = files.get('index.html') as PageFile
    // One level deeper, what the page loads is one level up.
    this.#pipelinePage = pageFile(Buffer.from(index.body.toString().replaceAll('"./page/', '"../page/')), '.html')
  }

  /** Reads the files. Rejects when the package is incomplete. */
  static async read(): Promise<PageFiles> {
    const directory = new URL('../../page/', import.meta.url)
    const files = new Map<string, PageFile>()
    for (const name of await readdir(directory)) {
      const kind = extname(name)
      if (kind in types) files.set(name, pageFile(await readFile(new URL(name, directory)), kind))
    }
    if (!files.has('index.html')) throw new Error(`the live page is not in ${directory.pathname}: install LogWisp anew`)
    return new PageFiles(files)
  }

  /** Whether there is a file of this name. */
  has(name: string): boolean {
    return this.#files.has(name)
  }

  /** Answers with a file of that name, which there is. */
  reply(req: IncomingMessage, res: ServerResponse, name: string): void {
    replyFile(req, res, this.#files.get(name) as PageFile)
  }

  /** Answers with the page of one pipeline. */
  replyPipeline(req: IncomingMessage, res: ServerResponse): void {
    replyFile(req, res, this.#pipelinePage)
  }
}

function pageFile(body: Buffer, kind: string): PageFile {
  const tag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`
  return { body, type: types[kind] as string, tag }
}

function replyFile(req: IncomingMessage, res: ServerResponse, { body, type, tag }: PageFile): void {
  const tags = (req.headers['if-none-match'] ?? '').split(',').map((each) => each.trim().replace(/^W\//, ''))
  if (tags.includes(tag) || tags.includes('*')) {
    res.writeHead(304, { ...headers, ETag: tag }).end()
    return
  }
  res.writeHead(200, { ...headers, ETag: tag, 'Content-Type': type, 'Content-Length': body.length })
  res.end(req.method === 'HEAD' ? undefined : body)
}
