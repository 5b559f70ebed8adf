/** One entry, counts over time, and what could be written next. */

import type { CompletionsOf } from '@logwisp/store'
import { entryJson } from '../entry-text.ts'
import type { operations } from '../open-api/operations.ts'
import { BadParameter } from '../parameter.ts'
import type { ParameterValues } from '../parameter-values.ts'
import { Problem } from '../problem.ts'
import { type Asked, replyText, replyValue, type Service } from '../service.ts'

/** `GET /logs/entries/{id}`. */
export async function replyEntry(
  asked: Asked,
  { id }: ParameterValues<typeof operations.entry.parameters>,
  { store }: Service,
): Promise<void> {
  const entry = await store.entry(id)
  if (entry === undefined) throw new Problem(404, 'there is no such entry: it may have been removed for its age')
  replyText(asked, 'application/json; charset=utf-8', `${entryJson(entry)}\n`)
}

/** `GET /logs/histogram`. */
export async function replyHistogram(
  asked: Asked,
  { q: terms, from, to, buckets = 100 }: ParameterValues<typeof operations.histogram.parameters>,
  { store, settings }: Service,
): Promise<void> {
  const options = { buckets, signal: asked.signal, deadlineMs: settings.queryDeadlineMs }
  replyValue(asked, await store.histogram({ terms, from, to }, options))
}

/** `GET /logs/completions`. */
export async function replyCompletions(
  asked: Asked,
  values: ParameterValues<typeof operations.completions.parameters>,
  { store, settings }: Service,
): Promise<void> {
  const limits = { signal: asked.signal, deadlineMs: settings.queryDeadlineMs }
  replyValue(asked, { completions: await store.completions(wanted(values), limits) })
}

function wanted({
  of,
  path,
  prefix,
  limit = 20,
}: ParameterValues<typeof operations.completions.parameters>): CompletionsOf {
  if (of !== 'value') {
    if (path !== undefined) throw new BadParameter('path', 'path is only for of=value')
    return { of, prefix, limit }
  }
  if (path === undefined) throw new BadParameter('path', 'path is missing: the field whose values are asked for')
  return { of, path, prefix, limit }
}
