/** Has a thread of its own look through a database. */

import { startThread, threadUrl } from '../thread/start-thread.ts'
import type { IntegrityCalls } from './integrity-thread.ts'

/**
 * Problems in words; none is good.
 *
 * @throws the signal's reason, at once: SQLite can not be interrupted, so the thread ends when it is through.
 */
export async function checkIntegrity(path: string, signal: AbortSignal): Promise<readonly string[]> {
  signal.throwIfAborted()
  const thread = startThread<IntegrityCalls>(threadUrl('integrity-thread', import.meta.url), {
    name: 'the integrity check of the store',
  })
  let stop = (): void => {}
  const aborted = new Promise<never>((_resolve, reject) => {
    stop = () => reject(signal.reason)
    signal.addEventListener('abort', stop, { once: true })
  })
  try {
    return await Promise.race([thread.call('check', path), aborted])
  } finally {
    signal.removeEventListener('abort', stop)
    const closed = thread.close()
    if (!signal.aborted) await closed
  }
}
