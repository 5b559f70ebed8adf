/**
 * The daemon is killed again and again (SIGKILL: no chance to tidy up) while lines flow through it into a file.
 * Claim: no line is lost, whole lines only are written, and what is repeated is what was not saved as delivered yet.
 */

import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { pageOf, startDaemonProcess } from './daemon-process.ts'

const kills = Number(process.env['LOGWISP_KILLS'] ?? 20)

test(`${kills} times kill -9 while lines flow into a file sink lose no line`, { timeout: 300_000 }, async () => {
  const directory = await mkdtemp(join(tmpdir(), 'logwisp-kill-'))
  const watched = join(directory, 'app.log')
  const output = join(directory, 'copy')
  const words = [directory, '--port', '0', '--state-dir', join(directory, 'state'), '--output', output]
  const start = (): ReturnType<typeof startDaemonProcess> => startDaemonProcess([...words, '--from-beginning'])

  const writer = createWriteStream(watched)
  let written = 0
  let writing = true
  const wrote = (async () => {
    while (writing) {
      const lines = Array.from(
        { length: 20 },
        () => `2026-11-21T10:00:00.000Z INFO line ${written++} ${'x'.repeat(40)}\n`,
      )
      if (!writer.write(lines.join(''))) await once(writer, 'drain')
      await wait(5)
    }
    await new Promise<void>((resolve) => writer.end(resolve))
  })()

  try {
    for (let i = 0; i < kills; i++) {
      const before = await bytesIn(output)
      const daemon = start()
      await pageOf(daemon)
      // At a moment of its own each time, and once lines have come through.
      while ((await bytesIn(output)) <= before) await wait(1)
      await wait((i * 97) % 400)
      daemon.child.kill('SIGKILL')
      expect(await daemon.exit).toBe('SIGKILL')
    }
    const last = start()
    await pageOf(last)
    writing = false
    await wrote
    while (!(await textOf(output)).includes(` line ${written - 1} `)) await wait(20)
    last.child.kill('SIGTERM')
    expect(await last.exit).toBe(0)

    const lines = (await textOf(output)).split('\n').slice(0, -1)
    const torn = lines.filter((line) => !/^2026-11-21T10:00:00\.000Z INFO line \d+ x{40}$/.test(line))
    const numbers = lines.map((line) => Number(/ line (\d+) /.exec(line)?.[1]))
    const seen = new Set(numbers)
    const lost = Array.from({ length: written }, (_, i) => i).filter((i) => !seen.has(i))
    console.log(`${written} lines, ${kills} kills: ${lost.length} lost, ${numbers.length - seen.size} repeated`)
    expect(torn).toEqual([])
    expect(lost).toEqual([])
  } finally {
    writing = false
    await wrote
    await rm(directory, { recursive: true, force: true })
  }
})

async function outputFiles(output: string): Promise<string[]> {
  const names = await readdir(output).catch(() => [])
  return names.filter((name) => name.endsWith('.log')).map((name) => join(output, name))
}

async function textOf(output: string): Promise<string> {
  return (await Promise.all((await outputFiles(output)).map((path) => readFile(path, 'utf8')))).join('')
}

async function bytesIn(output: string): Promise<number> {
  const sizes = await Promise.all((await outputFiles(output)).map(async (path) => (await stat(path)).size))
  return sizes.reduce((sum, size) => sum + size, 0)
}
