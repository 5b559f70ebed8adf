/** However a writer is killed, under load, its database is sound and has what was safe: once each. */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { integrity, messages, rows, temporaryDatabase } from './store-fixtures.ts'

const program = fileURLToPath(new URL('fixtures/append-without-end.ts', import.meta.url))

/** So many times is enough to meet commits, indexing, retention and checkpoints at many places. */
const kills = 10

interface Writing {
  readonly child: ChildProcess
  /** The number of the last line that it said is safe. */
  readonly last: () => number
  /** Resolves when it has said so of `count` more lines. */
  readonly until: (count: number) => Promise<void>
}

function write(path: string, from: number, maxEntries = Infinity): Writing {
  // Vitest's own arguments have threads read TypeScript; the program itself must be told, too.
  const child = spawn(
    process.execPath,
    [...process.execArgv, '--import', 'tsx', program, path, `${from}`, `${maxEntries}`],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  let last = from
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })
  lines.on('line', (line) => {
    last = Number(line)
  })
  return {
    child,
    last: () => last,
    until: async (count) => {
      while (last < from + count) await once(lines, 'line')
    },
  }
}

test(`killed ${kills} times under load: sound each time, nothing that was safe is lost, nothing is there twice`, async () => {
  const path = await temporaryDatabase()
  let safe = 0
  for (let kill = 0; kill < kills; kill++) {
    // As a source would after a crash: some of what was safe is given again.
    const from = Math.max(0, safe - 700)
    const { child, last, until } = write(path, from)
    await until(1_000 + kill * 400)
    child.kill('SIGKILL')
    await once(child, 'close')
    safe = Math.max(safe, last())
    expect(integrity(path)).toEqual([])
    const found = messages(path)
    expect(found.length).toBeGreaterThanOrEqual(safe)
    expect(found).toEqual(Array.from({ length: found.length }, (_, n) => `line ${n + 1}`))
  }
  // The index had come some way each time, and has neither holes nor what is not there.
  const { openStore } = await import('../src/open-store.ts')
  const store = await openStore(path)
  await store.indexed()
  expect(await store.checkIntegrity()).toEqual([])
  await store.close()
  expect(rows(path, "SELECT count(*) AS n FROM words('line')")).toEqual(rows(path, 'SELECT count(*) AS n FROM entries'))
}, 120_000)

test('killed while it removes what is beyond maxEntries: sound, and what is left is the newest, without a hole', async () => {
  const path = await temporaryDatabase()
  let safe = 0
  for (let kill = 0; kill < 3; kill++) {
    const { child, last, until } = write(path, safe, 2_000)
    await until(6_000)
    child.kill('SIGKILL')
    await once(child, 'close')
    safe = last()
    expect(integrity(path)).toEqual([])
    const found = messages(path)
    const first = Number(found[0]?.slice('line '.length))
    expect(found).toEqual(Array.from({ length: found.length }, (_, n) => `line ${first + n}`))
    expect(found.length).toBeGreaterThanOrEqual(2_000)
    expect(first + found.length - 1).toBeGreaterThanOrEqual(safe)
  }
}, 120_000)
