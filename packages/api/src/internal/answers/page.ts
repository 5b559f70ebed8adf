/** `GET /logs`: a page of entries. */

import { encodeEntry } from '@logwisp/core'
import type { EntryPage } from '@logwisp/store'
import { entryJson } from '../entry-text.ts'
import { entriesType, type operations } from '../open-api/operations.ts'
import { OutgoingBody } from '../outgoing-body.ts'
import { BadParameter } from '../parameter.ts'
import type { ParameterValues } from '../parameter-values.ts'
import { type Asked, type Service, writeHead } from '../service.ts'
import { timeText } from '../time-text.ts'

type Values = ParameterValues<typeof operations.page.parameters>
type Format = NonNullable<Values['format']>

const types: Readonly<Record<Format, string>> = {
  messages: 'application/json; charset=utf-8',
  entries: entriesType,
  ndjson: 'application/x-ndjson; charset=utf-8',
}

/** Answers with a page. */
export async function replyPage(asked: Asked, values: Values, { store, settings }: Service): Promise<void> {
  const { q: terms, from, to, before, after, around, limit = 1000 } = values
  const places = Object.entries({ before, after, around }).filter(([, place]) => place !== undefined)
  const second = places[1]?.[0]
  if (second !== undefined) {
    throw new BadParameter(second, `${second} is beside ${places[0]?.[0]}: give one of before, after and around`)
  }
  const { req, res, signal } = asked
  const options = { before, after, around, limit, signal, deadlineMs: settings.queryDeadlineMs }
  const page = await store.page({ terms, from, to }, options)
  const format = values.format ?? formatOf(req.headers.accept)
  const link = linkTo(req.url, page)
  const vary = [res.getHeader('Vary') ?? [], 'Accept'].flat().join(', ')
  writeHead(asked, types[format], { Vary: vary, ...(link === '' ? {} : { Link: link }) })
  if (asked.isHead) return void res.end()
  const body = new OutgoingBody(res, { signal, stuckTimeoutMs: settings.stuckTimeoutMs })
  for (const text of pageTexts(page, format)) {
    const drained = body.write(text)
    if (drained !== undefined) await drained
  }
  body.end()
}

function formatOf(accept = ''): Format {
  const asked = accept.split(',').map((type) => type.split(';', 1)[0]?.trim().toLowerCase())
  if (asked.includes(entriesType)) return 'entries'
  return asked.includes('application/x-ndjson') ? 'ndjson' : 'messages'
}

/** The way to the pages beside this one, relative to it: that is right below any mount and behind any proxy. */
function linkTo(url: string = '', { older, newer }: EntryPage): string {
  const links: string[] = []
  const add = (relation: string, place: 'before' | 'after', id: string | undefined): void => {
    if (id === undefined) return
    const query = new URLSearchParams(url.includes('?') ? url.slice(url.indexOf('?') + 1) : '')
    for (const name of ['before', 'after', 'around']) query.delete(name)
    query.set(place, id)
    links.push(`<?${query}>; rel="${relation}"`)
  }
  add('prev', 'before', older)
  add('next', 'after', newer)
  return links.join(', ')
}

function* pageTexts(page: EntryPage, format: Format): Generator<string> {
  if (format === 'ndjson') {
    for (const entry of page.entries) yield `${encodeEntry(entry)}\n`
    return
  }
  yield format === 'messages' ? '[' : '{"entries":['
  let isFirst = true
  for (const entry of page.entries) {
    yield (isFirst ? '' : ',') + (format === 'messages' ? JSON.stringify(entry.message) : entryJson(entry))
    isFirst = false
  }
  yield format === 'messages' ? ']\n' : `],${JSON.stringify(restOf(page)).slice(1)}\n`
}

/** What a page says beside its entries. */
function restOf({ older, newer, isComplete, searchedTo, live }: EntryPage): object {
  return { older, newer, isComplete, searchedTo: searchedTo === undefined ? undefined : timeText(searchedTo), live }
}
