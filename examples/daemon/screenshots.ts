/**
 * Makes the pictures of docs/images: starts the daemon on generated logs, and looks at its page and its commands as a
 * person does. `pnpm --filter @logwisp/example-daemon screenshots [port] [name…]`; the port is 8080 unless another is given,
 * and all pictures are made unless some are named.
 */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { type Browser, launchChromium, type Page } from '@logwisp/browser-testing'
import { generateLog } from '@logwisp/example-log-generator'
import UPNG from 'upng-js'
import { type TerminalPictureOptions, terminalPicture } from './terminal-picture.ts'

const port = Number(process.argv[2] ?? 8080)
const wanted = new Set(process.argv.slice(3))
const url = `http://127.0.0.1:${port}/`
const images = fileURLToPath(new URL('../../docs/images/', import.meta.url))
const cli = fileURLToPath(new URL('src/cli.ts', import.meta.url))
const program = [process.execPath, '--import', import.meta.resolve('tsx'), '--conditions=@logwisp/source', cli]

/** Pictures are read over a network. */
const maxImageBytes = 150_000

/** Three pipelines: one that is well, one that filters and is limited, one whose far side is not there. */
const configuration = `router = true
state_directory = "state"

[[pipelines]]
name = "shop"
sources = [{ type = "directory", options = { path = "logs", pattern = "shop*.log", start_at = "beginning" } }]
sinks = [
  { type = "http", options = { port = ${port} } },
  { type = "file", options = { directory = "archive", name = "shop" } },
]

[[pipelines]]
name = "gateway"
sources = [{ type = "directory", options = { path = "logs", pattern = "gateway*.log" } }]
filters = [{ type = "exclude", patterns = ["/healthz", "DEBUG"] }]
rate_limit = { rate = 20.0, burst = 20.0, policy = "drop" }
sinks = [{ type = "http", options = { port = ${port} } }]

[[pipelines]]
name = "billing"
sources = [{ type = "directory", options = { path = "logs", pattern = "billing*.log" } }]
sinks = [
  { type = "http", options = { port = ${port} } },
  { type = "http_client", options = { url = "http://127.0.0.1:9/ingest" }, buffer = { type = "disk", directory = "spool" } },
]
`

/** What `explain` says of: a file and standard input, to a server that may be away. */
const explained = `[[pipelines]]
name = "billing"
sources = [
  { type = "directory", options = { path = "logs", pattern = "billing*.log", start_at = "beginning" } },
  { type = "stdin" },
]

[[pipelines.sinks]]
type = "http_client"
options = { url = "https://logs.example/ingest", respond = "delivered", dead_letter = { directory = "rejected" } }
buffer = { type = "disk", directory = "spool", max_size_mb = 10_000 }

[[pipelines.sinks]]
type = "file"
options = { directory = "archive", name = "billing", fsync = "never" }
`

const broken = `[[pipelines]]
name = "shop"
sources = [{ type = "directory", options = { path = "logs", check_interval = 100 } }]
filters = [{ type = "include", patterns = ["time(out"] }]
sinks = [{ type = "htp", options = { port = 80800 } }]
`

const directory = await mkdtemp(join(tmpdir(), 'logwisp-pictures-'))
const stop = new AbortController()
const logs = join(directory, 'logs')
const generating = [
  generateLog(logs, { name: 'shop', entriesPerSecond: 40, seed: 1, signal: stop.signal }),
  generateLog(logs, { name: 'gateway', entriesPerSecond: 60, seed: 2, signal: stop.signal }),
  generateLog(logs, { name: 'billing', entriesPerSecond: 5, seed: 3, signal: stop.signal }),
]
await writeFile(join(directory, 'logwisp.toml'), configuration)
await writeFile(join(directory, 'broken.toml'), broken)
await writeFile(join(directory, 'billing.toml'), explained)
await mkdir(images, { recursive: true })
const [node, ...words] = program as [string, ...string[]]
const daemon = spawn(node, [...words, '--config', 'logwisp.toml', '--quiet'], { cwd: directory, stdio: 'inherit' })
const ended = once(daemon, 'close')
const browser = await launchChromium()
try {
  await untilReady()
  await pagePictures(browser)
  await terminalPictures(browser)
} finally {
  await browser.close()
  daemon.kill('SIGTERM')
  await ended
  stop.abort()
  await Promise.all(generating)
  await rm(directory, { recursive: true })
}

async function untilReady(): Promise<void> {
  for (;;) {
    if (daemon.exitCode !== null) throw new Error(`the daemon did not start: is port ${port} taken? Give another one`)
    // Not /readyz: a pipeline whose far side is missing is part of the picture.
    const answer = await fetch(`${url}healthz`).catch(() => undefined)
    if (answer?.ok === true) return
    await wait(100)
  }
}

async function pagePictures(browser: Browser): Promise<void> {
  const page = await browser.newPage({ viewport: { width: 1200, height: 720 }, colorScheme: 'dark' })
  await page.goto(`${url}#pipeline=shop`)
  await page.locator('#state[data-state=live]').waitFor()
  // So long is the history of the figures.
  await wait(30_000)
  await picture(page, 'home-dark')
  await page.emulateMedia({ colorScheme: 'light' })
  await picture(page, 'home-light')
  await page.keyboard.press('s')
  await wait(2000)
  await picture(page, 'page-stages')
  await page.goto(`${url}#pipeline=gateway`)
  await page.locator('#chosen', { hasText: 'gateway' }).waitFor()
  await wait(2000)
  await picture(page, 'page-books')
  await page.goto(`${url}shop/`)
  await page.locator('#state[data-state=live]').waitFor()
  await page.selectOption('#level', 'warn')
  await wait(2000)
  await page.keyboard.press('k')
  await page.keyboard.press('Enter')
  await picture(page, 'page-details')
  await page.keyboard.press('Escape')
  await page.emulateMedia({ colorScheme: 'dark' })
  await page.setViewportSize({ width: 360, height: 640 })
  await page.selectOption('#level', '')
  await page.keyboard.press('G')
  await wait(1500)
  await picture(page, 'page-narrow')
  await page.close()
}

async function picture(page: Page, name: string): Promise<void> {
  if (isWanted(name)) await save(name, await page.screenshot())
}

function isWanted(name: string): boolean {
  return wanted.size === 0 || wanted.has(name)
}

async function terminalPictures(browser: Browser): Promise<void> {
  const shown: Readonly<Record<string, Pick<TerminalPictureOptions, 'typed' | 'lookAfterMs'> & { rows?: number }>> = {
    explain: { typed: 'logwisp explain --config billing.toml', rows: 80 },
    check: { typed: 'logwisp check --config broken.toml' },
    top: { typed: `logwisp top ${url}`, lookAfterMs: 6000 },
    tap: { typed: `logwisp tap ${url} --pipeline shop --backlog 25`, lookAfterMs: 4000 },
  }
  for (const [name, { typed, rows = 34, ...options }] of Object.entries(shown)) {
    if (!isWanted(`terminal-${name}`)) continue
    const command = [...program, ...typed.split(' ').slice(1)]
    const image = await terminalPicture(browser, { command, typed, cwd: directory, columns: 110, rows, ...options })
    await save(`terminal-${name}`, image)
  }
}

async function save(name: string, image: Buffer): Promise<void> {
  const small = withPalette(image)
  if (small.length > maxImageBytes)
    throw new Error(`${name} has ${small.length} bytes, at most ${maxImageBytes} will do`)
  await writeFile(join(images, `${name}.png`), small)
  process.stdout.write(`docs/images/${name}.png  ${(small.length / 1000).toFixed(0)} kB\n`)
}

/** The same with 128 colours, which text on a plain ground does not exceed by much: a third of the bytes. */
function withPalette(image: Buffer): Buffer {
  const decoded = UPNG.decode(new Uint8Array(image).buffer)
  return Buffer.from(UPNG.encode(UPNG.toRGBA8(decoded), decoded.width, decoded.height, 128))
}
