/** The built page: few files, held in memory, each also compressed. No name is ever looked up on the disk. */

import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { LogwispError } from '@logwisp/core'

/** One file, as it is answered with. */
export interface PageFile {
  readonly type: string
  readonly etag: string
  /** Whether its name changes with what is in it. */
  readonly isImmutable: boolean
  /** Undefined: too short to gain anything. */
  readonly brotli: Buffer | undefined
  readonly gzip: Buffer | undefined
  readonly plain: Buffer
}

/** Beside src as beside dist's own files. */
const folder = new URL('../../dist/page/', import.meta.url)

const types: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
}

/**
 * Every file by its path below the mount, `/` for the page itself, which says where the API is.
 *
 * @throws LogwispError `PAGE_MISSING` when the page was not built.
 */
export function pageFiles(api: string): ReadonlyMap<string, PageFile> {
  const index = new URL('index.html', folder)
  if (!existsSync(index)) {
    const advice = 'run `pnpm --filter @logwisp/dashboard build`'
    throw new LogwispError('PAGE_MISSING', `the page is not built, there is no ${fileURLToPath(index)}: ${advice}`)
  }
  const html = readFileSync(index, 'utf8').replace(apiMark, `$1${escaped(api)}$2`)
  const page = compressed('index.html', Buffer.from(html))
  return new Map([...assets(), ['/', page], ['/index.html', page]])
}

const apiMark = /(<meta name="logwisp-api" content=")[^"]*(")/

let ownAssets: ReadonlyMap<string, PageFile> | undefined

/** All but the page itself are the same for every dashboard. */
function assets(): ReadonlyMap<string, PageFile> {
  if (ownAssets === undefined) {
    const names = readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .map((name) => name.replaceAll('\\', '/'))
      .filter((name) => extname(name) in types && extname(name) !== '.html')
    ownAssets = new Map(names.map((name) => [`/${name}`, stored(name)]))
  }
  return ownAssets
}

/** A file with what the build compressed beside it. */
function stored(name: string): PageFile {
  const read = (extension: string): Buffer | undefined => {
    const url = new URL(name + extension, folder)
    return existsSync(url) ? readFileSync(url) : undefined
  }
  const plain = readFileSync(new URL(name, folder))
  return { ...factsOf(name, plain), plain, brotli: read('.br'), gzip: read('.gz') }
}

function compressed(name: string, plain: Buffer): PageFile {
  return { ...factsOf(name, plain), plain, brotli: brotliCompressSync(plain), gzip: gzipSync(plain) }
}

function factsOf(name: string, plain: Buffer): Pick<PageFile, 'type' | 'etag' | 'isImmutable'> {
  return {
    type: types[extname(name)] as string,
    etag: createHash('sha256').update(plain).digest('base64url').slice(0, 22),
    isImmutable: name.startsWith('assets/'),
  }
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;').replaceAll('$', '$$$$')
}
