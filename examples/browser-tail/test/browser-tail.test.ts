/** The page in a real browser: shows, filters, and goes on after a restart without a line missing or doubled. */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { type Browser, hasChromium, launchChromium } from '@logwisp/browser-testing'
import { afterEach, expect, test } from 'vitest'

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url))
let directory = ''
let browser: Browser | undefined
let program: ChildProcess | undefined

afterEach(async () => {
  await browser?.close()
  program?.kill('SIGKILL')
  await rm(directory, { recursive: true })
})

async function start(path: string, port: string): Promise<string> {
  program = spawn(process.execPath, ['--import', 'tsx', '--conditions=@logwisp/source', main, path], {
    env: { ...process.env, PORT: port },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [said] = (await once(createInterface(program.stdout as NodeJS.ReadableStream), 'line')) as [string]
  return said.split(' ')[0] as string
}

test.skipIf(!hasChromium)('shows a file, filters it, and goes on when the program is started anew', async () => {
  directory = await mkdtemp(join(tmpdir(), 'browser-tail-'))
  const path = join(directory, 'app.log')
  await writeFile(path, 'INFO one\nERROR two <b>\n')
  const url = await start(path, '0')
  browser = await launchChromium()
  const page = await browser.newPage()
  await page.goto(url)
  const shows = (text: string): Promise<unknown> =>
    page.waitForFunction(`document.getElementById('log').textContent === ${JSON.stringify(text)}`)
  await shows('INFO one\nERROR two <b>\n')
  await page.fill('#match', '^ERROR')
  await page.press('#match', 'Enter')
  await shows('ERROR two <b>\n')
  await appendFile(path, 'INFO three\nERROR four\n')
  await shows('ERROR two <b>\nERROR four\n')

  program?.kill('SIGTERM')
  expect((await once(program as ChildProcess, 'exit'))[0]).toBe(0)
  await appendFile(path, 'ERROR five\n')
  await start(path, new URL(url).port)
  await shows('ERROR two <b>\nERROR four\nERROR five\n')
})
