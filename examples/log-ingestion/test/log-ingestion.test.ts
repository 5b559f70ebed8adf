/** The parts together, as the README says. */

import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { endAll, freePort, generate, type Program, start } from './programs.ts'

/** Several processes start in each, which takes a busy machine some seconds. */
vi.setConfig({ testTimeout: 90_000 })

let directory: string

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'log-ingestion-'))
})

afterEach(async () => {
  await endAll()
  await rm(directory, { recursive: true })
})

const hasCurl = existsSync('/usr/bin/curl')
if (!hasCurl) console.warn('SKIPPED: no /usr/bin/curl; apt-get install curl to run the calls of the README')

async function startApi(words: readonly string[] = ['logs.db', '0']): Promise<[Program, url: string]> {
  const api = start('api', words, directory)
  return [api, (await api.says(/http:\S+(?=\/logs)/))[0]]
}

async function messages(url: string, query = ''): Promise<string[]> {
  return (await (await fetch(`${url}/logs${query}`)).json()) as string[]
}

/** Asks again until the answer is as it should be. */
async function until<T>(ask: () => Promise<T>, isRight: (answer: T) => boolean): Promise<T> {
  const deadline = performance.now() + 20_000
  for (;;) {
    const answer = await ask().catch((error: Error) => error)
    if (!(answer instanceof Error) && isRight(answer)) return answer
    if (performance.now() > deadline)
      throw new Error(`still ${answer instanceof Error ? answer : JSON.stringify(answer)}`)
    await wait(50)
  }
}

test.skipIf(!hasCurl)('the calls of the README answer what it says, as those of the ancestor did', async () => {
  const [, url] = await startApi()
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')
  const block = /<!-- run by test\/log-ingestion\.test\.ts -->\n```sh\n([\s\S]*?)```/.exec(readme)?.[1] ?? ''
  const calls = [...block.matchAll(/^(curl .*)\n# (.*)$/gm)]
  expect(calls).toHaveLength(3)
  for (const [, call = '', answer] of calls) {
    const silent = call.replace('curl', 'curl -sS').replace('http://localhost:8000', url)
    expect(execFileSync('bash', ['-c', silent], { encoding: 'utf8' }).trimEnd()).toBe(answer)
  }
})

test('what the generator writes is in the store, once each, in order, with levels, and paged', async () => {
  const [api, url] = await startApi()
  const collector = start('collector', ['app.log', `${url}/logs`], directory)
  expect(await generate(1, 3000, directory).ended()).toBe(0)
  const written = readFileSync(join(directory, 'app.log'), 'utf8').trimEnd().split('\n')
  const stored = await until(
    () => messages(url, '?limit=10000'),
    ({ length }) => length >= written.length,
  )
  expect(stored).toEqual(written)

  const newest = await fetch(`${url}/logs`)
  expect(await newest.json()).toEqual(written.slice(-1000))
  const older = /<([^>]*)>; rel="prev"/.exec(newest.headers.get('link') ?? '')?.[1] as string
  expect(await (await fetch(new URL(older, `${url}/logs`))).json()).toEqual(written.slice(-2000, -1000))
  expect(await messages(url, '?q=level:error&limit=10000')).toEqual(written.filter((line) => line.includes('[ERROR]')))

  // The log again from its beginning, as after the loss of the checkpoint: each line is known by its place.
  expect(await collector.end()).toBe(0)
  await rm(join(directory, 'app.log.checkpoint.json'))
  const again = start('collector', ['app.log', `${url}/logs`], directory)
  expect(await generate(3001, 3001, directory).ended()).toBe(0)
  await until(
    () => messages(url, '?limit=1'),
    ([line]) => line?.endsWith('Log 3001') === true,
  )
  expect(await messages(url, '?limit=10000')).toEqual([...written, expect.stringMatching(/Log 3001$/)])
  expect(await again.end()).toBe(0)
  expect(await api.end()).toBe(0)
})

test('one command runs all four, prints where they are, and starts again what dies; nothing is lost', async () => {
  const ports = [String(await freePort()), String(await freePort())]
  const all = start('main', ['data', ...ports], directory, { PAUSE: '0.01' })
  const [, api = ''] = await all.says(/^api +(http:\S+)\/logs takes/m)
  const [, page = ''] = await all.says(/^dashboard +(http:\S+) shows/m)
  await all.says(/^collector +\S+app\.log goes to/m)
  const answer = await fetch(page)
  expect(answer.status).toBe(200)
  expect(await answer.text()).toContain(`content="${api}"`)
  const origin = page.replace(/\/$/, '')
  const read = await fetch(`${api}/logs`, { headers: { origin } })
  expect(read.headers.get('access-control-allow-origin')).toBe(origin)

  const count = (await messages(api, '?limit=10000')).length
  for (const name of ['api', 'collector']) {
    const [, pid] = await all.says(new RegExp(`^${name} +is process (\\d+)`, 'm'))
    process.kill(Number(pid), 'SIGKILL')
    await all.says(new RegExp(`^${name} +ended with SIGKILL, and is started again`, 'm'))
  }
  await until(
    () => messages(api, '?limit=10000'),
    ({ length }) => length > count + 20,
  )
  expect(await all.end()).toBe(0)

  const [, url] = await startApi(['data/logs.db', '0'])
  const logs = (await messages(url, '?limit=10000')).filter((line) => / - Log \d+$/.test(line))
  expect(logs.map((line) => line.slice(26))).toEqual(logs.map((_, index) => `Log ${index + 1}`))
})
