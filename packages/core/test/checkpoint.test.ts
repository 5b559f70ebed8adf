/** The checkpoint: what was saved is there after a crash, whole, and what can't be saved is told. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { type LogwispError, openCheckpoint } from '../src/index.ts'

let directory: string
let path: string

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'logwisp-checkpoint-'))
  path = join(directory, 'positions.json')
})

afterEach(async () => {
  vi.useRealTimers()
  await rm(directory, { recursive: true, force: true })
})

test('gives back after a restart what was set', async () => {
  const first = await openCheckpoint(path)
  first.set('a', { offset: 7 })
  first.set('__proto__', 'harmless')
  first.set('b', [1, 'two', null, true])
  await first.close()
  const second = await openCheckpoint(path)
  expect(second.keys().toSorted()).toEqual(['__proto__', 'a', 'b'])
  expect([second.get('a'), second.get('b'), second.get('__proto__'), second.get('c')]).toEqual([
    { offset: 7 },
    [1, 'two', null, true],
    'harmless',
    undefined,
  ])
  await second.close()
})

test('asks a function at each save, and leaves what was saved when it knows nothing', async () => {
  const checkpoint = await openCheckpoint(path)
  checkpoint.set('a', 1)
  await checkpoint.save()
  let position: number | undefined
  checkpoint.set('a', () => position)
  await checkpoint.save()
  expect(checkpoint.get('a')).toBe(1)
  position = 2
  expect(checkpoint.get('a')).toBe(2)
  position = 3
  await checkpoint.close()
  const again = await openCheckpoint(path)
  expect(again.get('a')).toBe(3)
  await again.close()
})

test('saves by the clock, only what changed, and keeps no process alive', async () => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  const checkpoint = await openCheckpoint(path, { saveIntervalMs: 50 })
  checkpoint.set('a', 1)
  vi.advanceTimersByTime(50)
  await vi.waitFor(async () => expect(JSON.parse(await readFile(path, 'utf8')).positions).toEqual({ a: 1 }))
  await rm(path)
  vi.advanceTimersByTime(50)
  // A save that had something to do would come before this one.
  await checkpoint.save()
  expect(await readdir(directory)).toEqual([])
  await checkpoint.close()
  expect(vi.getTimerCount()).toBe(0)
})

test('forgets what is deleted', async () => {
  const first = await openCheckpoint(path)
  first.set('a', 1)
  first.set('b', 2)
  await first.save()
  first.delete('a')
  await first.close()
  const second = await openCheckpoint(path)
  expect(second.keys()).toEqual(['b'])
  await second.close()
})

test.each([
  ['no JSON', '{"format":'],
  ['something else', '{"positions":{}}'],
  ['a checkpoint of the future', '{"format":"logwisp-checkpoint","version":2,"positions":{}}'],
  ['one without positions', '{"format":"logwisp-checkpoint","version":1,"positions":[]}'],
  ['null', 'null'],
  ['nothing', ''],
])('refuses a file that is %s, and says what to do', async (_what, text) => {
  await writeFile(path, text)
  await expect(openCheckpoint(path)).rejects.toMatchObject({
    code: 'CHECKPOINT_CORRUPT',
    message: expect.stringContaining('move it away'),
  })
  expect(await readFile(path, 'utf8')).toBe(text)
})

test('a directory that is missing is found when it is opened', async () => {
  await expect(openCheckpoint(join(directory, 'no', 'positions.json'))).rejects.toMatchObject({
    code: 'CHECKPOINT_FAILED',
  })
})

test('a save by the clock that fails is a warning, and is tried again', async () => {
  const inner = join(directory, 'inner')
  const { mkdir } = await import('node:fs/promises')
  await mkdir(inner)
  const checkpoint = await openCheckpoint(join(inner, 'positions.json'), { saveIntervalMs: 10 })
  await rm(inner, { recursive: true })
  checkpoint.set('a', 1)
  const [warning] = (await once(checkpoint, 'warning')) as [LogwispError]
  expect(warning).toMatchObject({ code: 'CHECKPOINT_FAILED', cause: { code: 'ENOENT' } })
  await mkdir(inner)
  await vi.waitFor(async () => {
    expect(JSON.parse(await readFile(join(inner, 'positions.json'), 'utf8')).positions).toEqual({ a: 1 })
  })
  await checkpoint.close()
})

test('closing rejects when the last positions can not be saved', async () => {
  const checkpoint = await openCheckpoint(path)
  checkpoint.set('a', 1)
  await rm(directory, { recursive: true })
  await expect(checkpoint.close()).rejects.toMatchObject({ code: 'CHECKPOINT_FAILED' })
})

test('is of no use after it was closed', async () => {
  const checkpoint = await openCheckpoint(path)
  await checkpoint.close()
  await checkpoint.close()
  const closed = expect.objectContaining({ code: 'CHECKPOINT_CLOSED' })
  expect(() => checkpoint.set('a', 1)).toThrow(closed)
  expect(() => checkpoint.get('a')).toThrow(closed)
  expect(() => checkpoint.keys()).toThrow(closed)
  expect(() => checkpoint.save()).toThrow(closed)
})

test('is bounded: positions that nobody uses go first, then it refuses', async () => {
  const first = await openCheckpoint(path)
  for (const key of ['old', 'older', 'used']) first.set(key, 1)
  await first.close()
  const second = await openCheckpoint(path, { maxKeys: 3 })
  second.set('used', 2)
  second.set('new', 2)
  second.set('newer', 2)
  expect(second.keys().toSorted()).toEqual(['new', 'newer', 'used'])
  expect(() => second.set('newest', 2)).toThrow(expect.objectContaining({ code: 'CHECKPOINT_FULL' }))
  await second.close()
})

test('kill -9 while it saves: the file is whole each time, and not older than the last save that was told', async () => {
  const program = `
    import { openCheckpoint } from '@logwisp/core'
    const checkpoint = await openCheckpoint(${JSON.stringify(path)}, { saveIntervalMs: 3600000 })
    for (let i = checkpoint.get('i') ?? 0; ; i++) {
      checkpoint.set('i', i)
      checkpoint.set('filling', 'x'.repeat(50_000))
      await checkpoint.save()
      process.stdout.write(i + '\\n')
    }`
  let least = 0
  for (let round = 0; round < 5; round++) {
    const child = spawn(
      process.execPath,
      ['--conditions=@logwisp/source', '--import', 'tsx', '--input-type=module', '-e', program],
      { cwd: new URL('..', import.meta.url).pathname, stdio: ['ignore', 'pipe', 'inherit'] },
    )
    let told = ''
    child.stdout.on('data', (data: Buffer) => {
      told += data
      if (told.length > 100 + round * 7) child.kill('SIGKILL')
    })
    await once(child, 'close')
    least = Number(told.trimEnd().split('\n').at(-1))
    const checkpoint = await openCheckpoint(path)
    expect(checkpoint.get('i')).toBeGreaterThanOrEqual(least)
    await checkpoint.close()
  }
})

test.each([
  [{ saveIntervalMs: 1 }, 'saveIntervalMs'],
  [{ maxKeys: 0 }, 'maxKeys'],
  [{ interval: 100 }, 'interval'],
])('refuses %j', async (options, name) => {
  await expect(openCheckpoint(path, options as never)).rejects.toMatchObject({ code: 'BAD_OPTION', option: name })
})

test('of thousands of positions those at rest, frozen, are written out once', async () => {
  const checkpoint = await openCheckpoint(path)
  const still = Object.freeze({ offset: 1, toJSON: vi.fn(() => ({ offset: 1 })) }) as never
  const moving = { offset: 0 }
  checkpoint.set('still', () => still)
  checkpoint.set('moving', () => moving)
  await checkpoint.save()
  const { mtimeNs, ino } = await stat(path, { bigint: true })
  await checkpoint.save()
  expect(await stat(path, { bigint: true })).toMatchObject({ mtimeNs, ino })
  // Changed in place, which only looking at it shows.
  moving.offset = 7
  await checkpoint.save()
  expect(JSON.parse(await readFile(path, 'utf8')).positions).toEqual({ still: { offset: 1 }, moving: { offset: 7 } })
  expect((still as { toJSON: ReturnType<typeof vi.fn> }).toJSON).toHaveBeenCalledTimes(1)
  checkpoint.delete('still')
  await checkpoint.save()
  expect(JSON.parse(await readFile(path, 'utf8')).positions).toEqual({ moving: { offset: 7 } })
  await checkpoint.close()
})
