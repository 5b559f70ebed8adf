/** `GET /healthz`: whether the service works. */

import { type Asked, replyValue, type Service } from '../service.ts'

/** Answers with 200 while entries can be stored and read, else with 503. */
export async function replyHealth(asked: Asked, _values: unknown, { store, failure }: Service): Promise<void> {
  let isWorking = failure === undefined
  try {
    await store.live()
  } catch {
    isWorking = false
  }
  replyValue(asked, { status: isWorking ? 'ok' : 'failing' }, isWorking ? 200 : 503)
}
