/**
 * The live stream of a pipeline, read for as long as it is wanted: comes back by itself after a break, goes on after the
 * last line it saw, and shows none twice.
 *
 * Read with `fetch`, not with EventSource: that one cannot show a token, and cannot say why it was refused.
 */

import { EventStreamParser } from './event-stream.js'

/** The ring of the server has as many by default. */
const backlog = 5000
/** Ids that are remembered: after a crash the server reads the last lines once more, and gives them the same ids. */
const maxIds = 100_000
const firstWaitMs = 1000
const longestWaitMs = 30_000

/**
 * @typedef {object} LineStreamOptions
 * @property {() => Record<string, string>} headers
 * @property {(data: string) => void} onLine
 * @property {(text: string) => void} onGap
 * @property {(state: 'connecting' | 'live' | 'lost' | 'refused', text: string, status?: number) => void} onState
 */

export class LineStream {
  #options
  #address = ''
  /** @type {[string, string][]} */
  #query = []
  #lastId = ''
  #ids = new Set()
  /** @type {AbortController | undefined} */
  #reading
  #waitMs = firstWaitMs

  /** @param {LineStreamOptions} options */
  constructor(options) {
    this.#options = options
  }

  get isOpen() {
    return this.#reading !== undefined
  }

  /** Reads this stream from now on, from its backlog. @param {string} address @param {[string, string][]} query */
  open(address, query) {
    this.close()
    this.#address = address
    this.#query = query
    this.#lastId = ''
    this.#ids.clear()
    this.resume()
  }

  /** Goes on after the last line that was seen. */
  resume() {
    if (this.isOpen || this.#address === '') return
    this.#waitMs = firstWaitMs
    this.#reading = new AbortController()
    void this.#run(this.#reading.signal)
  }

  close() {
    this.#reading?.abort()
    this.#reading = undefined
  }

  async #run(signal) {
    for (let isFirst = true; !signal.aborted; isFirst = false) {
      if (isFirst) this.#options.onState('connecting', 'connecting')
      let waitMs = this.#waitMs
      this.#waitMs = Math.min(this.#waitMs * 2, longestWaitMs)
      try {
        const answer = await fetch(this.#url(), {
          signal,
          cache: 'no-store',
          headers: { Accept: 'text/event-stream', ...this.#options.headers() },
        })
        if (!answer.ok) {
          const again = await this.#refused(answer, signal)
          if (again === undefined) return
          waitMs = Math.max(waitMs, again)
        } else waitMs = (await this.#read(answer, signal)) ?? waitMs
      } catch {
        if (signal.aborted) return
        this.#options.onState('lost', 'connection lost, trying again')
      }
      await pause(waitMs, signal)
    }
  }

  #url() {
    const url = new URL(this.#address)
    for (const [name, value] of this.#query) url.searchParams.append(name, value)
    if (this.#lastId !== '') url.searchParams.set('lastEventId', this.#lastId)
    else url.searchParams.set('backlog', String(backlog))
    return url
  }

  async #read(answer, signal) {
    const { onState } = this.#options
    onState('live', 'live')
    let ended = false
    const parser = new EventStreamParser(({ event, data, id }) => {
      if (signal.aborted) return
      this.#waitMs = firstWaitMs
      if (event === '') this.#line(data, id)
      else if (event === 'dropped') this.#options.onGap(gapText(data))
      else if (event === 'end') ended = true
    })
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader()
    // What was received is what the next request goes on after, even when the connection breaks in the middle of it.
    for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
      parser.push(piece.value)
      if (signal.aborted) break
      if (parser.lastId !== '') this.#lastId = parser.lastId
    }
    if (signal.aborted) return undefined
    onState('lost', ended ? 'LogWisp has stopped, waiting for it' : 'connection lost, trying again')
    return parser.retryMs
  }

  #line(data, id) {
    if (id !== '') {
      this.#lastId = id
      if (this.#ids.has(id)) return
      this.#ids.add(id)
      if (this.#ids.size > maxIds) this.#ids.delete(this.#ids.values().next().value)
    }
    this.#options.onLine(data)
  }

  /** Says why there is no stream. Resolves with how long to wait, or with nothing when asking again is of no use. */
  async #refused(answer, signal) {
    const { onState } = this.#options
    const said = await answer.json().catch(() => ({}))
    if (signal.aborted) return undefined
    const reason = said.message ?? said.error ?? `the server answered ${answer.status}`
    if (answer.status === 429 || answer.status >= 500) {
      onState('lost', answer.status === 503 ? 'LogWisp has no stream yet, waiting for it' : `${reason}, trying again`)
      return Number(answer.headers.get('retry-after') ?? 0) * 1000
    }
    this.#reading = undefined
    onState('refused', reason, answer.status)
    return undefined
  }
}

function gapText(data) {
  const { entries, reason } = JSON.parse(data)
  // What the old one had not shown, the new one reads: nothing is known to be missing.
  if (reason === 'restarted') return 'LogWisp was started anew here'
  if (entries === null) return 'some lines are missing here'
  const why = reason === 'too-slow' ? ': they came faster than this page could take them' : ''
  return entries === 1 ? `1 line is missing here${why}` : `${entries.toLocaleString()} lines are missing here${why}`
}

/** Resolves early when `signal` is aborted. */
function pause(ms, signal) {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve(undefined)
    }
    const timer = setTimeout(done, ms)
    signal.addEventListener('abort', done)
  })
}
