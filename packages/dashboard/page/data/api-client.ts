/** Asks the API: its answers as the page holds them. Every request can be called off. */

import type { ApiEntry, ApiEntryPage, ApiHistogram, ApiProblem } from '@logwisp/api/api-types'
import { parseExact } from '@logwisp/core/parse-exact'
import type { Completion, CompletionsOf, EntryId, Histogram, LivePosition, ShownEntry } from './shown-entry.ts'

/** Which entries. */
export interface LineQuery {
  /** In the query language. */
  readonly query: string
  /** Not before this; unit: ms since the epoch. */
  readonly from?: number | undefined
  readonly to?: number | undefined
}

/** Which of them; at most one of `before`, `after`, `around`. */
interface PageChoice {
  readonly before?: EntryId | undefined
  readonly after?: EntryId | undefined
  /** An entry, or a time in ms since the epoch. */
  readonly around?: EntryId | number | undefined
  readonly limit: number
}

/** A page, oldest first. */
export interface LinePage {
  readonly entries: readonly ShownEntry[]
  readonly older?: EntryId | undefined
  readonly newer?: EntryId | undefined
  readonly isComplete: boolean
  /** How far a page that is not complete has looked; unit: ms since the epoch. */
  readonly searchedTo?: number | undefined
  readonly live: LivePosition
}

/** What files the API writes. */
export type ExportFormat = 'ndjson' | 'csv' | 'text'

/** The API said no, or there was nobody to say anything (`status` 0). */
export class ApiError extends Error {
  readonly status: number
  /** The parameter that is wrong: `q` is what was searched for. */
  readonly parameter: string | undefined

  constructor(status: number, message: string, options: { parameter?: string | undefined; cause?: unknown } = {}) {
    super(message, { cause: options.cause })
    this.name = 'ApiError'
    this.status = status
    this.parameter = options.parameter
  }

  /** Whether the same request may have an answer later. */
  get mayPass(): boolean {
    return this.status === 0 || this.status === 408 || this.status === 429 || this.status >= 500
  }
}

export interface ApiClient {
  page(query: LineQuery, choice: PageChoice, signal: AbortSignal): Promise<LinePage>
  histogram(query: LineQuery, buckets: number, signal: AbortSignal): Promise<Histogram>
  /** Undefined when there is no such entry (any more). */
  entry(id: EntryId, signal: AbortSignal): Promise<ShownEntry | undefined>
  completions(of: CompletionsOf, signal: AbortSignal): Promise<readonly Completion[]>
  /** The events as the server sends them, after a position or from now on. */
  stream(query: string, after: LivePosition | undefined, signal: AbortSignal): Promise<ReadableStream<Uint8Array>>
  /** Where the browser finds a file of all entries. */
  exportUrl(query: LineQuery, format: ExportFormat): string
}

/** `base` is what stands before `/logs`, relative to the page or whole. */
export function apiClient(base: string | URL): ApiClient {
  const root = new URL(base)
  if (!root.pathname.endsWith('/')) root.pathname += '/'

  function urlOf(path: string, parameters: Readonly<Record<string, string | number | undefined>>): URL {
    const url = new URL(`logs${path}`, root)
    for (const [name, value] of Object.entries(parameters)) {
      if (value !== undefined && value !== '') url.searchParams.set(name, String(value))
    }
    return url
  }

  async function ask(url: URL, signal: AbortSignal, accept = 'application/json'): Promise<Response> {
    let response: Response
    try {
      response = await fetch(url, { signal, headers: { Accept: accept } })
    } catch (cause) {
      signal.throwIfAborted()
      throw new ApiError(0, 'The server does not answer.', { cause })
    }
    if (!response.ok) throw await problemOf(response)
    return response
  }

  /** With every digit of the numbers. */
  async function read<Answer>(url: URL, signal: AbortSignal): Promise<Answer> {
    const response = await ask(url, signal)
    try {
      return parseExact(await response.text()) as Answer
    } catch (cause) {
      signal.throwIfAborted()
      throw new ApiError(0, 'The server broke off its answer.', { cause })
    }
  }

  return {
    async page({ query, from, to }, choice, signal) {
      const url = urlOf('', { format: 'entries', q: query, from, to, ...choice })
      const { entries, searchedTo, ...page } = await read<ApiEntryPage>(url, signal)
      return {
        ...page,
        entries: entries.map(shownEntry),
        searchedTo: searchedTo === undefined ? undefined : Date.parse(searchedTo),
      }
    },
    histogram({ query, from, to }, buckets, signal) {
      return read<ApiHistogram>(urlOf('/histogram', { q: query, from, to, buckets }), signal)
    },
    async entry(id, signal) {
      try {
        return shownEntry(await read<ApiEntry>(urlOf(`/entries/${encodeURIComponent(id)}`, {}), signal))
      } catch (error) {
        if (error instanceof ApiError && error.status === 404) return undefined
        throw error
      }
    },
    async completions(of, signal) {
      const url = urlOf('/completions', { ...of })
      return (await read<{ readonly completions: readonly Completion[] }>(url, signal)).completions
    },
    async stream(query, after, signal) {
      const { body } = await ask(urlOf('/stream', { q: query, after, batch: 1 }), signal, 'text/event-stream')
      if (body === null) throw new ApiError(0, 'The server broke off its answer.')
      return body
    },
    exportUrl({ query, from, to }, format) {
      return urlOf('/export', { q: query, from, to, format }).href
    },
  }
}

/** The API's entry; a time that no date can hold is `null` there. */
export function shownEntry({ time, ...entry }: ApiEntry): ShownEntry {
  return { ...entry, time: time === null ? Number.NaN : Date.parse(time) } as ShownEntry
}

async function problemOf(response: Response): Promise<ApiError> {
  const { status } = response
  try {
    const { message, parameter } = (await response.json()) as Partial<ApiProblem>
    if (typeof message === 'string') return new ApiError(status, message, { parameter })
  } catch {
    // Something between the page and the API has answered.
  }
  return new ApiError(status, `The server answered ${status} ${response.statusText}`.trimEnd())
}
