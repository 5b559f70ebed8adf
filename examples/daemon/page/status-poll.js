/** Asks for the status each second while somebody looks; seldom when nobody does or when there is no answer. */

const intervalMs = 1000
const hiddenIntervalMs = 30_000
const longestWaitMs = 30_000
const timeoutMs = 10_000

/**
 * @typedef {object} StatusPollOptions
 * @property {() => Record<string, string>} headers
 * @property {(status: any, at: number) => void} onStatus Also when nothing changed; `at` as `performance.now()` has it.
 * @property {(text: string, status?: number) => void} onTrouble
 */

/**
 * @param {URL} address
 * @param {StatusPollOptions} options
 * @returns {() => void} asks at once
 */
export function pollStatus(address, { headers, onStatus, onTrouble }) {
  let timer = 0
  let failures = 0
  let isAsking = false
  let tag = ''
  /** @type {any} */
  let last

  async function ask() {
    if (isAsking) return
    isAsking = true
    clearTimeout(timer)
    try {
      const known = last !== undefined && tag !== '' ? { 'If-None-Match': tag } : {}
      const answer = await fetch(address, {
        cache: 'no-store',
        headers: { Accept: 'application/json', ...known, ...headers() },
        signal: AbortSignal.timeout(timeoutMs),
      })
      if (answer.ok) {
        last = await answer.json()
        tag = answer.headers.get('etag') ?? ''
      } else if (answer.status !== 304) throw new Refusal(answer.status)
      failures = 0
      onStatus(last, performance.now())
    } catch (error) {
      failures++
      if (error instanceof Refusal) onTrouble(error.message, error.status)
      else onTrouble('no answer from LogWisp, trying again')
    }
    isAsking = false
    timer = setTimeout(ask, document.hidden ? hiddenIntervalMs : Math.min(intervalMs * 2 ** failures, longestWaitMs))
  }

  document.addEventListener('visibilitychange', () => {
    if (!document.hidden) void ask()
  })
  void ask()
  return () => void ask()
}

class Refusal extends Error {
  /** @param {number} status */
  constructor(status) {
    super(`the server answered ${status} to the question for its status, trying again`)
    this.status = status
  }
}
