/** The parameters of the API. */

import { parseQuery, type QueryTerm, queryMatcher } from '@logwisp/store'
import { schemaNamed } from './json-schema.ts'
import {
  BadParameter,
  formedParameter,
  integerParameter,
  type Parameter,
  textParameter,
  told,
  wordParameter,
} from './parameter.ts'
import { timeFromText, timePattern } from './time-text.ts'

const timeForms = 'RFC 3339, ms since the epoch, or relative to now: `-15m` (`s`, `m`, `h`, `d`, `w`)'

/** What the query language takes. */
const maxQueryChars = 1000

/** Names of sources and fields are longer than anybody writes. */
const maxNameChars = 256

const idPattern = /^-?[0-9a-z]{1,12}-[0-9a-z]{1,12}$/
const positionPattern = /^\d{1,16}\.\d{1,16}$/

function timeParameter<Name extends string>(name: Name, description: string): Parameter<number, Name> {
  return {
    name,
    description: `${description}: ${timeForms}.`,
    schema: { type: 'string', pattern: timePattern, examples: ['-15m'] },
    read: (text) => timeOf(name, text),
  }
}

function timeOf(name: string, text: string): number {
  const time = timeFromText(text, Date.now())
  if (time !== undefined) return time
  const message = `${name} must be a time such as 2026-01-31T23:59:59Z, 1769903999000 or -15m, got ${told(text)}`
  throw new BadParameter(name, message)
}

function idParameter<Name extends string>(
  name: Name,
  description: string,
  where?: Parameter['in'],
): Parameter<string, Name> {
  const expected = 'the id of an entry such as m3k2x1a0-0'
  return formedParameter(name, description, {
    pattern: idPattern,
    expected,
    schema: schemaNamed('EntryId'),
    ...(where === undefined ? {} : { in: where }),
  })
}

function positionParameter<Name extends string>(
  name: Name,
  description: string,
  where?: Parameter['in'],
): Parameter<string, Name> {
  return formedParameter(name, description, {
    pattern: positionPattern,
    expected: 'a position such as 42.0, as a page gives it as `live` and a stream as the id of an event',
    schema: schemaNamed('LivePosition'),
    ...(where === undefined ? {} : { in: where }),
  })
}

/** Which entries. */
const q: Parameter<readonly QueryTerm[], 'q'> = {
  name: 'q',
  description: 'What is looked for, as in `level:error source:api -healthz "exact words" /regex/ field.user=42`.',
  schema: { type: 'string', maxLength: maxQueryChars, examples: ['level:error -healthz'] },
  read(text) {
    const { terms, problems } = parseQuery(text)
    const [first] = problems
    if (first !== undefined) throw new BadParameter('q', `q: ${first.problem ?? 'can not be understood'}`)
    try {
      queryMatcher({ terms })
    } catch (error) {
      throw new BadParameter('q', `q: ${(error as Error).message}`)
    }
    return terms
  },
}

/** All parameters, by name; `after` of a page and of a stream are two. */
export const parameters = {
  q,
  from: timeParameter('from', 'Entries not before this'),
  to: timeParameter('to', 'Entries before this'),
  before: idParameter('before', 'The page before this entry, which need not be there any more.'),
  after: idParameter('after', 'The page after this entry, which need not be there any more.'),
  around: {
    name: 'around',
    description: `Half of the page before this, half at or after it: an entry by its id, or a time (${timeForms}).`,
    schema: { anyOf: [schemaNamed('EntryId'), { type: 'string', pattern: timePattern }] },
    read: (text: string) => (idPattern.test(text) ? text : timeOf('around', text)),
  },
  limit: integerParameter('limit', 'Entries on the page.', { min: 1, max: 10_000, byDefault: 1000 }),
  pageFormat: wordParameter(
    'format',
    '`messages`: an array of texts. `entries`: whole entries and the way to other pages. `ndjson`: an entry on each line.',
    ['messages', 'entries', 'ndjson'],
    'messages',
  ),
  buckets: integerParameter('buckets', 'About how many buckets: no more, of a round length.', {
    min: 1,
    max: 1_000,
    byDefault: 100,
  }),
  id: { ...idParameter('id', 'The entry.', 'path'), isRequired: true },
  of: { ...wordParameter('of', 'What is to be completed.', ['source', 'field', 'value']), isRequired: true },
  path: textParameter('path', 'The field whose values are asked for, for `of=value`.', maxNameChars),
  prefix: textParameter('prefix', 'How it begins.', maxNameChars),
  completionLimit: integerParameter('limit', 'The most that are told.', { min: 1, max: 1000, byDefault: 20 }),
  afterLive: positionParameter('after', 'Begin after this position; without it, with what is stored from now on.'),
  lastEventId: positionParameter(
    'Last-Event-ID',
    'The same, as browsers send it when they come back. It wins.',
    'header',
  ),
  batch: wordParameter('batch', '`1`: events named `entries`, each with an array of entries.', ['1']),
  exportFormat: wordParameter('format', 'How entries are written.', ['ndjson', 'csv', 'text'], 'ndjson'),
} as const satisfies Readonly<Record<string, Parameter>>
