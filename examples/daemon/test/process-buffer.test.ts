/**
 * The daemon is killed again and again (SIGKILL) while lines flow through a disk buffer to a server that is away half of the time.
 * Claim: no line is lost, each comes with an id that is its own, and the books account for every line over all of it.
 */

import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as wait } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { ServiceStatus } from '../src/service/service-status.ts'
import { freePort } from './config-run/free-ports.ts'
import { type DaemonProcess, startDaemonProcess } from './daemon-process.ts'

const kills = Number(process.env['LOGWISP_KILLS'] ?? 4)

test(`${kills} times kill -9 with a disk buffer before a server that comes and goes lose no line`, {
  timeout: 300_000,
}, async () => {
  const directory = await mkdtemp(join(tmpdir(), 'logwisp-buffer-kill-'))
  const watched = join(directory, 'app.log')
  const port = await freePort()

  /** By its number: the ids that a line came with, and how often it came. */
  const got = new Map<number, { readonly ids: Set<string>; times: number }>()
  let isAway = true
  const server = createServer(async (request, response) => {
    const body = await text(request)
    if (isAway) return void response.writeHead(503).end()
    for (const line of body.trimEnd().split('\n')) {
      const { message, 'logwisp.id': id } = JSON.parse(line) as { message: string; 'logwisp.id': string }
      const number = Number(/^line (\d+) x{40}$/.exec(message)?.[1])
      const known = got.get(number) ?? { ids: new Set(), times: 0 }
      known.times++
      got.set(number, { ids: known.ids.add(id), times: known.times })
    }
    response.writeHead(200).end()
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/in`

  await writeFile(
    join(directory, 'logwisp.toml'),
    `state_directory = "${join(directory, 'state')}"
[status]
port = ${port}
[[pipelines]]
name = "app"
sources = [{ type = "file", options = { path = "${watched}", start_at = "beginning" } }]
[[pipelines.sinks]]
type = "http_client"
options = { url = "${url}", format = "wire", batch_delay_ms = 5, retry_delay_ms = 10, max_retry_delay_seconds = 0.1 }
buffer = { type = "disk", directory = "${join(directory, 'spool')}", segment_size_mb = 0.05, fsync_interval_ms = 10 }
`,
  )
  const daemons: DaemonProcess[] = []
  const status = async (): Promise<ServiceStatus['pipelines'][string] | undefined> => {
    const answer = await fetch(`http://127.0.0.1:${port}/status`).catch(() => undefined)
    return answer?.ok === true ? ((await answer.json()) as ServiceStatus).pipelines['app'] : undefined
  }
  const start = async (): Promise<DaemonProcess> => {
    const daemon = startDaemonProcess(['--config', join(directory, 'logwisp.toml')])
    daemons.push(daemon)
    while ((await status()) === undefined) {
      if (daemon.child.exitCode !== null) throw new Error(daemon.output())
      await wait(10)
    }
    return daemon
  }

  const writer = createWriteStream(watched)
  let written = 0
  let isWriting = true
  const wrote = (async () => {
    while (isWriting) {
      const some = Array.from({ length: 20 }, () => `line ${written++} ${'x'.repeat(40)}\n`)
      if (!writer.write(some.join(''))) await once(writer, 'drain')
      await wait(5)
    }
    await new Promise<void>((resolve) => writer.end(resolve))
  })()

  try {
    for (let i = 0; i < kills; i++) {
      isAway = i % 2 === 0
      const daemon = await start()
      await wait((i * 97) % 400)
      daemon.child.kill('SIGKILL')
      expect(await daemon.exit).toBe('SIGKILL')
    }
    const last = await start()
    isWriting = false
    await wrote
    isAway = false
    while (got.size < written) await wait(20)
    const isDone = async (): Promise<boolean> => {
      const now = await status()
      const account = now?.sources[0]?.books?.accounts[0]
      return account?.sinks[0]?.delivered === written && now?.sinks[0]?.buffer?.entries === 0
    }
    while (!(await isDone())) await wait(20)
    const { sources } = (await status()) as ServiceStatus['pipelines'][string]
    expect(sources[0]?.books).toMatchObject({
      balanced: true,
      account_count: 1,
      total: { entries: written, dropped: {}, filtered: 0, to_sinks: written, in_flight: 0, missing: 0 },
    })
    last.child.kill('SIGTERM')
    expect(await last.exit).toBe(0)
    const repeated = [...got.values()].filter(({ times }) => times > 1).length
    console.log(`${written} lines, ${kills} kills: 0 lost, ${repeated} repeated`)
    expect([...got.keys()].toSorted((a, b) => a - b)).toEqual(Array.from({ length: written }, (_, i) => i))
    // What comes twice has the same id, and no two lines share one.
    expect([...got.values()].filter(({ ids }) => ids.size !== 1)).toEqual([])
    expect(new Set([...got.values()].flatMap(({ ids }) => [...ids])).size).toBe(written)
    expect((await readdir(join(directory, 'spool'))).filter((name) => name.endsWith('.segment')).length).toBeLessThan(2)
  } finally {
    isWriting = false
    await wrote
    for (const { child } of daemons) child.kill('SIGKILL')
    server.close()
    await rm(directory, { recursive: true, force: true })
  }
})
