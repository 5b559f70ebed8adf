/** Calls between threads: answers, errors, cancelling, and the end of a thread. */

import { once } from 'node:events'
import { LogwispError } from '@logwisp/core'
import { expect, onTestFinished, test } from 'vitest'
import { startThread, type Thread, type ThreadOptions, threadUrl } from '../src/internal/thread/start-thread.ts'
import type { EchoCalls } from './fixtures/echo-thread.ts'

const url = threadUrl('fixtures/echo-thread', import.meta.url)

function start(options: Partial<ThreadOptions<string>> = {}): Thread<EchoCalls> {
  const thread = startThread<EchoCalls, string>(url, { name: 'echo', ...options })
  onTestFinished(() => thread.close())
  return thread
}

test('answers calls in the order in which they were made, and gives the thread its data', async () => {
  const thread = start({ data: { path: '/x' } })
  const answered: unknown[] = []
  const calls = Array.from({ length: 100 }, (_, n) => thread.call('echo', n).then((value) => answered.push(value)))
  expect(thread.calls).toBe(100)
  await Promise.all(calls)
  expect(answered).toEqual(Array.from({ length: 100 }, (_, n) => n))
  expect(await thread.call('data', undefined)).toEqual({ path: '/x' })
  expect(await thread.call('later', 'x')).toBe('x')
  expect(thread.calls).toBe(0)
})

test('an error keeps its code, its message and its cause', async () => {
  const thread = start()
  const ours = await thread.call('fail', { code: 'BAD_QUERY', message: 'no', cause: 'why' }).catch((error) => error)
  expect(ours).toBeInstanceOf(LogwispError)
  expect(ours).toMatchObject({ code: 'BAD_QUERY', message: 'no', cause: { name: 'TypeError', message: 'why' } })
  const other = await thread.call('fail', { message: 'full' }).catch((error) => error)
  expect(other).not.toBeInstanceOf(LogwispError)
  expect(other).toMatchObject({ name: 'RangeError', code: 'SQLITE_FULL', message: 'full' })
  await expect(thread.call('uncloneable', undefined)).rejects.toThrow('could not be cloned')
  await expect(thread.call('echo', () => {})).rejects.toThrow('could not be cloned')
  expect(thread.calls).toBe(0)
})

test('a call that runs without giving way ends when its signal says so, with the reason', async () => {
  const notices: string[] = []
  const abort = new AbortController()
  const thread = start({
    onNotice: (notice) => {
      notices.push(notice)
      abort.abort(new Error('left'))
    },
  })
  await expect(thread.call('spin', undefined, { signal: abort.signal })).rejects.toThrow('left')
  expect(notices).toEqual(['spinning'])
  await expect(thread.call('echo', 1, { signal: abort.signal })).rejects.toThrow('left')
  expect(await thread.call('echo', 2)).toBe(2)
})

test('hands memory over in both directions', async () => {
  const thread = start()
  expect((await thread.call('hand', 1000)).byteLength).toBe(1000)
  const bytes = new Uint8Array(10).fill(7)
  const back = await thread.call('echo', bytes, { transfer: [bytes.buffer] })
  expect(back).toEqual(new Uint8Array(10).fill(7))
  expect(bytes.byteLength).toBe(0)
})

test('when the thread dies, calls fail, now and later, and it is told once', async () => {
  const failures: LogwispError[] = []
  const thread = start({ onFailed: (error) => failures.push(error) })
  const error = await thread.call('die', undefined).catch((error) => error)
  expect(error).toMatchObject({ code: 'STORE_FAILED', message: expect.stringContaining('code 7') })
  await expect(thread.call('echo', 1)).rejects.toBe(error)
  expect(failures).toEqual([error])
})

test('closed, it answers no more', async () => {
  const thread = start()
  const never = thread.call('spin', undefined).catch((error) => error)
  await thread.close()
  expect(await never).toMatchObject({ code: 'STORE_CLOSED' })
  await expect(thread.call('echo', 1)).rejects.toMatchObject({ code: 'STORE_CLOSED' })
})

test('keeps the process alive for an answer, and not otherwise', async () => {
  const { spawn } = await import('node:child_process')
  const program = `
    import { startThread, threadUrl } from ${JSON.stringify(new URL('../src/internal/thread/start-thread.ts', import.meta.url).href)}
    const thread = startThread(new URL(${JSON.stringify(url.href)}), { name: 'echo' })
    console.log(await thread.call('later', 'answered'))`
  // Also: a program that comes as text may start threads.
  const child = spawn(process.execPath, [
    ...process.execArgv,
    '--import',
    'tsx',
    '--input-type=module',
    '--eval',
    program,
  ])
  let output = ''
  child.stdout.on('data', (data) => {
    output += data
  })
  child.stderr.pipe(process.stderr)
  const [code] = await once(child, 'close')
  expect({ code, output }).toEqual({ code: 0, output: 'answered\n' })
})
