/** The PID file, and the lock that keeps two daemons from the same positions. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { lockInstance } from '../src/service/instance-lock.ts'
import { writePidFile } from '../src/service/pid-file.ts'

async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'logwisp-pid-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  return directory
}

async function otherProcess(): Promise<number> {
  const child = spawn(process.execPath, ['-e', 'console.log(1); setInterval(() => {}, 1e6)'], { stdio: 'pipe' })
  onTestFinished(() => void child.kill())
  await once(child.stdout, 'data')
  return child.pid as number
}

test('the PID file holds the number of the process, readable by all, and is gone at the end', async () => {
  const directory = await temporaryDirectory()
  const path = join(directory, 'logwisp.pid')
  const file = await writePidFile(path)
  expect(await readFile(path, 'utf8')).toBe(`${process.pid}\n`)
  expect((await stat(path)).mode & 0o777).toBe(0o644)
  expect(await readdir(directory)).toEqual(['logwisp.pid'])
  file.remove()
  expect(await readdir(directory)).toEqual([])
})

test('a PID file of a process that runs is not taken; the error names the process', async () => {
  const path = join(await temporaryDirectory(), 'logwisp.pid')
  const pid = await otherProcess()
  await writeFile(path, `${pid}\n`)
  await expect(writePidFile(path)).rejects.toThrow(`${path} names process ${pid}, which runs`)
  expect(await readFile(path, 'utf8')).toBe(`${pid}\n`)
})

test('a PID file whose process is gone is replaced', async () => {
  const path = join(await temporaryDirectory(), 'logwisp.pid')
  await writeFile(path, `${2 ** 30}\n`)
  await writePidFile(path)
  expect(await readFile(path, 'utf8')).toBe(`${process.pid}\n`)
})

test.skipIf(process.platform !== 'linux')(
  'a PID file is replaced when its number is by now another process’s, which started after it was written',
  async () => {
    const path = join(await temporaryDirectory(), 'logwisp.pid')
    await writeFile(path, `${await otherProcess()}\n`)
    await utimes(path, new Date(), new Date(Date.now() - 60_000))
    await writePidFile(path)
    expect(await readFile(path, 'utf8')).toBe(`${process.pid}\n`)
  },
)

test('a file that is no PID file is left alone', async () => {
  const path = join(await temporaryDirectory(), 'notes.txt')
  await writeFile(path, 'dear diary\n')
  await expect(writePidFile(path)).rejects.toThrow('is no PID file')
  expect(await readFile(path, 'utf8')).toBe('dear diary\n')
})

test('a PID file that somebody replaced meanwhile is left alone at the end', async () => {
  const path = join(await temporaryDirectory(), 'logwisp.pid')
  const file = await writePidFile(path)
  await writeFile(path, '1\n')
  file.remove()
  expect(await readFile(path, 'utf8')).toBe('1\n')
})

test('a PID file that cannot be written is an error that says what to do', async () => {
  const path = join(await temporaryDirectory(), 'nothing', 'logwisp.pid')
  await expect(writePidFile(path)).rejects.toThrow(/cannot write the PID file .*ENOENT.*pid_file/)
})

test('a second daemon with the same configuration and state is refused, with the number of the first', async () => {
  const directory = join(await temporaryDirectory(), 'state')
  const lock = await lockInstance(directory, 'a')
  await expect(lockInstance(directory, 'a')).rejects.toMatchObject({
    name: 'StartError',
    message: expect.stringContaining(`as process ${process.pid}: stop it first`),
  })
  await (await lockInstance(directory, 'b')).release()
  await lock.release()
  await (await lockInstance(directory, 'a')).release()
  expect((await stat(directory)).mode & 0o777).toBe(0o700)
})

test('a state directory that cannot be made is an error that says what to do', async () => {
  const path = join(await temporaryDirectory(), 'file')
  await writeFile(path, '')
  await expect(lockInstance(path, 'a')).rejects.toThrow(/cannot use the state directory .*--state-dir/)
})
