/** Who may have the lock, and whose is taken over. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { lockFile as lockFileFor } from '../src/lock-file.ts'

async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'logwisp-lock-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  return directory
}

const lockFile = (path: string): ReturnType<typeof lockFileFor> =>
  lockFileFor(path, (pid) => `${path} belongs to ${pid}: stop it`)

async function lockLeftBy(maker: object | string): Promise<string> {
  const path = join(await temporaryDirectory(), '.app.lock')
  await writeFile(path, typeof maker === 'string' ? maker : JSON.stringify(maker))
  return path
}

async function aliveProcess(): Promise<number> {
  const child = spawn(process.execPath, ['-e', 'console.log(1); setInterval(() => {}, 1e6)'], { stdio: 'pipe' })
  onTestFinished(() => void child.kill())
  await once(child.stdout, 'data')
  return child.pid as number
}

async function own(): Promise<Record<string, unknown>> {
  const path = join(await temporaryDirectory(), '.app.lock')
  const lock = await lockFile(path)
  const maker = JSON.parse(await readFile(path, 'utf8'))
  await lock.release()
  return maker
}

test('is had by one, and after release by the next, who knows that nothing crashed', async () => {
  const path = join(await temporaryDirectory(), '.app.lock')
  for (let i = 0; i < 2; i++) {
    const lock = await lockFile(path)
    expect(lock.isTakenOver).toBe(false)
    await expect(lockFile(path)).rejects.toMatchObject({ code: 'FILE_IN_USE' })
    await lock.release()
    await lock.release()
    expect(await readdir(join(path, '..'))).toEqual([])
  }
})

test('of a process that runs is not taken; the error names the process', async () => {
  const pid = await aliveProcess()
  const path = await lockLeftBy({ pid, host: hostname(), thread: 0, token: 'x' })
  await expect(lockFile(path)).rejects.toThrow(`${path} belongs to ${pid}: stop it`)
})

test.each<[string, () => Promise<object | string>]>([
  ['no process has the id', async () => ({ pid: 2 ** 30, host: hostname(), thread: 0, token: 'x' })],
  ['another host made it', async () => ({ pid: await aliveProcess(), host: 'elsewhere', thread: 0, token: 'x' })],
  ['this very process made it, and does not hold it', async () => ({ ...(await own()), token: 'x' })],
])('is taken over when %s', async (_name, make) => {
  const path = await lockLeftBy(await make())
  const lock = await lockFile(path)
  expect(lock.isTakenOver).toBe(true)
  await lock.release()
  expect(await readdir(join(path, '..'))).toEqual([])
})

test.skipIf(process.platform !== 'linux')('is taken over when its id is by now another process’s', async () => {
  for (const pid of [await aliveProcess(), process.pid]) {
    const path = await lockLeftBy({ pid, startTime: '1', host: hostname(), thread: 0, token: 'x' })
    const lock = await lockFile(path)
    expect(lock.isTakenOver).toBe(true)
    await lock.release()
  }
})

test.skipIf(process.platform !== 'linux')(
  'is taken over from a process that has ended and that nobody has asked for yet',
  async () => {
    // The shell starts a child, and becomes a program that never asks for it; the shell itself would, if it ended before.
    const ends = 'until grep -q sleep /proc/\\$PPID/comm; do sleep 0.01; done'
    const child = spawn('sh', ['-c', `sh -c "${ends}" & echo $!; exec sleep 1000`], {
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    onTestFinished(() => void child.kill())
    const pid = Number(await once(child.stdout, 'data'))
    await vi.waitFor(async () => expect(await readFile(`/proc/${pid}/stat`, 'latin1')).toMatch(/\) Z /), 10_000)
    const lock = await lockFile(await lockLeftBy({ pid, host: hostname(), thread: 0, token: 'x' }))
    expect(lock.isTakenOver).toBe(true)
    await lock.release()
  },
)

test.skipIf(process.platform !== 'linux')('of another thread of this process is not taken', async () => {
  const path = await lockLeftBy({ ...(await own()), thread: 99, token: 'x' })
  await expect(lockFile(path)).rejects.toMatchObject({ code: 'FILE_IN_USE' })
})

test('that is being written this moment is not taken', async () => {
  const path = await lockLeftBy('')
  const pid = await aliveProcess()
  const taking = lockFile(path)
  await writeFile(path, JSON.stringify({ pid, host: hostname(), thread: 0, token: 'x' }))
  await expect(taking).rejects.toThrow(`${path} belongs to ${pid}: stop it`)
})

test('that a process left empty when it was killed a moment ago is waited for, and taken over', async () => {
  const path = await lockLeftBy('')
  const madeAt = Date.now() / 1000 - 1.8
  await utimes(path, madeAt, madeAt)
  const lock = await lockFile(path)
  expect(lock.isTakenOver).toBe(true)
  await lock.release()
})

test('that a kill left empty is taken over within seconds where the clock was set back, which keeps it young for hours', async () => {
  const comesAt = Date.now() / 1000 + 7200
  const empty = await lockLeftBy('')
  await utimes(empty, comesAt, comesAt)
  const halfTaken = await lockLeftBy({ pid: 2 ** 30, host: hostname(), thread: 0, token: 'x' })
  await writeFile(`${halfTaken}.next`, '')
  await utimes(`${halfTaken}.next`, comesAt, comesAt)
  const locks = await Promise.all([lockFile(empty), lockFile(halfTaken)])
  expect(locks.map(({ isTakenOver }) => isTakenOver)).toEqual([true, true])
  for (const path of [empty, halfTaken]) expect(await readdir(join(path, '..'))).toEqual(['.app.lock'])
})

test('of many who find an old one at the same time, one gets it', async () => {
  const path = await lockLeftBy({ pid: 2 ** 30, host: hostname(), thread: 0, token: 'x' })
  const tries = await Promise.allSettled(Array.from({ length: 20 }, () => lockFile(path)))
  const got = tries.filter(({ status }) => status === 'fulfilled')
  expect(got).toHaveLength(1)
  expect(await readdir(join(path, '..'))).toEqual(['.app.lock'])
})

test('release leaves alone what is no longer its own', async () => {
  const path = join(await temporaryDirectory(), '.app.lock')
  const lock = await lockFile(path)
  await writeFile(path, '{"pid":1}')
  await lock.release()
  expect(await readFile(path, 'utf8')).toBe('{"pid":1}')
})
