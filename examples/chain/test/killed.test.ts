/**
 * A file, followed by one LogWisp, sent to another, written by that. Both are killed again and again (SIGKILL: no chance
 * to tidy up) while lines flow. Claim: no line is lost, none is torn, and of those that came twice both have the same id.
 *
 * The long run: `LOGWISP_CHAIN_SECONDS=60 LOGWISP_CHAIN_KILLS=10,5 npx vitest run examples/chain`.
 */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFile, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'

const seconds = Number(process.env['LOGWISP_CHAIN_SECONDS'] ?? 6)
const [collectorKills = 3, shipperKills = 2] = (process.env['LOGWISP_CHAIN_KILLS'] ?? '3,2').split(',').map(Number)

/** Lines, and how often they are written: 2,000 a second. */
const linesPerWrite = 40
const writeEveryMs = 20

/** For the last line to arrive, once all are alive: connecting again may take a second, a new process two. */
const settleMs = 30_000

let directory: string
const running = new Set<ChildProcess>()

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'logwisp-chain-'))
})

afterEach(async () => {
  for (const child of running) await kill(child)
  await rm(directory, { recursive: true, force: true })
})

function start(program: 'collect' | 'ship', ...words: readonly string[]): ChildProcess {
  const path = fileURLToPath(new URL(`../src/${program}.ts`, import.meta.url))
  const child = spawn(process.execPath, ['--import', 'tsx', '--conditions=@logwisp/source', path, ...words], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  running.add(child)
  child.once('close', () => running.delete(child))
  return child
}

async function kill(child: ChildProcess): Promise<void> {
  const closed = once(child, 'close')
  child.kill('SIGKILL')
  await closed
}

/** Starts the receiving one, and gives its address once it listens. */
async function collector(output: string, protocol: string, port: string): Promise<[ChildProcess, address: string]> {
  const child = start('collect', output, protocol, port)
  const [address] = (await once(createInterface(child.stdout as NodeJS.ReadableStream), 'line')) as [string]
  return [child, address]
}

async function collected(output: string): Promise<string> {
  const names = await readdir(output).catch(() => [])
  const files = names.filter((name) => name.endsWith('.log')).map((name) => readFile(join(output, name), 'utf8'))
  return (await Promise.all(files)).join('')
}

async function collectedBytes(output: string): Promise<number> {
  const names = await readdir(output).catch(() => [])
  const files = names.filter((name) => name.endsWith('.log')).map((name) => stat(join(output, name)))
  return (await Promise.all(files)).reduce((sum, { size }) => sum + size, 0)
}

test.each(['tcp', 'http'])(
  `${collectorKills} kills of the receiver and ${shipperKills} of the sender in ${seconds} s lose no line (%s)`,
  { timeout: seconds * 1000 + 120_000 },
  async (protocol) => {
    const input = join(directory, 'app.log')
    const output = join(directory, 'collected')
    const state = join(directory, 'ship.json')
    await writeFile(input, '')
    let [receiver, address] = await collector(output, protocol, '0')
    const port = new URL(address).port
    let sender = start('ship', input, address, state)

    let written = 0
    let isOver = false
    const writing = (async () => {
      while (!isOver) {
        let text = ''
        for (let line = 0; line < linesPerWrite; line++) text += `line ${written++} ${'x'.repeat(40)}\n`
        await appendFile(input, text)
        await wait(writeEveryMs)
      }
    })()

    // Spread over the time, in turn as their numbers are; each time while lines flow through.
    const kills = [
      ...Array.from({ length: collectorKills }, (_, index) => ({
        who: 'receiver',
        at: (index + 1) / (collectorKills + 1),
      })),
      ...Array.from({ length: shipperKills }, (_, index) => ({ who: 'sender', at: (index + 0.5) / shipperKills })),
    ].sort((a, b) => a.at - b.at)
    const startedMs = performance.now()
    for (const { who, at } of kills) {
      await wait(Math.max(0, startedMs + at * seconds * 1000 - performance.now()))
      const before = await collectedBytes(output)
      while ((await collectedBytes(output)) <= before) await wait(1)
      if (who === 'receiver') {
        await kill(receiver)
        ;[receiver, address] = await collector(output, protocol, port)
      } else {
        await kill(sender)
        sender = start('ship', input, address, state)
      }
    }
    await wait(Math.max(0, startedMs + seconds * 1000 - performance.now()))
    isOver = true
    await writing
    const settled = performance.now() + settleMs
    while (performance.now() < settled && !(await collected(output)).includes(`"line ${written - 1} `)) await wait(50)

    // What is told to stop says good-bye: whatever is under way arrives.
    sender.kill('SIGTERM')
    expect((await once(sender, 'close'))[0]).toBe(0)
    receiver.kill('SIGTERM')
    expect((await once(receiver, 'close'))[0]).toBe(0)

    const ids = new Map<number, string>()
    const distinct = new Set<string>()
    let repeated = 0
    let torn = 0
    for (const text of (await collected(output)).trimEnd().split('\n')) {
      const entry = parsed(text)
      const number = Number(/^line (\d+) x{40}$/.exec(entry?.message ?? '')?.[1])
      const id = entry?.['logwisp.id']
      if (Number.isNaN(number) || id === undefined) torn++
      else {
        if (ids.has(number)) repeated++
        expect(ids.get(number) ?? id).toBe(id)
        ids.set(number, id)
        distinct.add(id)
      }
    }
    console.info(
      `${protocol}: ${written} lines in ${seconds} s, receiver killed ${collectorKills} times, sender ${shipperKills} times: ` +
        `${written - ids.size} lost, ${repeated} repeated, ${ids.size - distinct.size} repeated after dedupe by id, ${torn} torn`,
    )
    expect(written - ids.size).toBe(0)
    expect(distinct.size).toBe(written)
    // A receiver that is killed within a write leaves the beginning of a line; the next one begins a new line after it.
    expect(torn).toBeLessThanOrEqual(collectorKills)
  },
)

function parsed(text: string): { readonly message?: string; readonly 'logwisp.id'?: string } | undefined {
  try {
    return JSON.parse(text) as { readonly message?: string; readonly 'logwisp.id'?: string }
  } catch {
    return undefined
  }
}
