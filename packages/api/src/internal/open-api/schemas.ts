/** What the API's answers look like: one schema for each, from which the client's types are made. */

import { type JsonSchema, schemaNamed } from '../json-schema.ts'

const levels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const

const count: JsonSchema = { type: 'integer', minimum: 0 }

function object(
  description: string,
  properties: Readonly<Record<string, JsonSchema>>,
  optional: readonly string[] = [],
): JsonSchema {
  const required = Object.keys(properties).filter((name) => !optional.includes(name))
  return { type: 'object', description, properties, required, additionalProperties: false }
}

/** By the names that the document has them under. */
export const schemas: Readonly<Record<string, JsonSchema>> = {
  Entry: object(
    'A stored entry.',
    {
      id: { ...schemaNamed('EntryId'), description: 'Where it stands in the store.' },
      time: {
        type: ['string', 'null'],
        description: 'When it was written: RFC 3339, UTC, ms. `null` for a time that no date can hold.',
        examples: ['2026-01-31T23:59:59.999Z'],
      },
      source: { type: 'string', description: 'Who wrote it.', examples: ['app.log'] },
      level: schemaNamed('Level'),
      message: { type: 'string', description: 'Its text.' },
      fields: {
        type: 'object',
        additionalProperties: true,
        description: 'What else it says. Numbers have all their digits: read them with a parser that keeps those.',
      },
    },
    ['level', 'fields'],
  ),
  EntryId: {
    type: 'string',
    pattern: '^-?[0-9a-z]{1,12}-[0-9a-z]{1,12}$',
    description:
      'Where an entry stands in its store: opaque text, the same for as long as it is stored. Also a place to page from.',
    examples: ['m3k2x1a0-0'],
  },
  LivePosition: {
    type: 'string',
    pattern: '^\\d{1,16}\\.\\d{1,16}$',
    description:
      'A place in the order in which entries were stored, from which a stream goes on without a gap: opaque.',
    examples: ['42.0'],
  },
  Level: { type: 'string', enum: levels, description: 'How grave it is; absent when nobody knows.' },
  EntryPage: object(
    'A page of entries, oldest first.',
    {
      entries: { type: 'array', items: schemaNamed('Entry') },
      older: {
        ...schemaNamed('EntryId'),
        description: '`before` of the page before this one; absent when there is none.',
      },
      newer: {
        ...schemaNamed('EntryId'),
        description: '`after` of the page after this one; absent when there was none.',
      },
      isComplete: {
        type: 'boolean',
        description: 'False when the time was up first: `older` or `newer` goes on from where it had come.',
      },
      searchedTo: {
        type: 'string',
        format: 'date-time',
        description: 'How far a page that is not complete has looked.',
      },
      live: {
        ...schemaNamed('LivePosition'),
        description: 'All that was stored after this page was looked up comes after this in the stream.',
      },
    },
    ['older', 'newer', 'searchedTo'],
  ),
  LevelCounts: {
    type: 'object',
    description: 'How many entries of each level, and of none; those that there are.',
    properties: Object.fromEntries([...levels, 'none'].map((level) => [level, count])),
    additionalProperties: false,
  },
  Histogram: object(
    'How many entries there are, by time and level. Times are ms since the epoch.',
    {
      from: { type: 'number', description: 'The first bucket’s time: a whole number of `bucketMs` since the epoch.' },
      to: { type: 'number', description: 'The end of the last bucket.' },
      bucketMs: { type: 'number', description: 'How long a bucket is.' },
      buckets: {
        type: 'array',
        items: object('One bucket.', { time: { type: 'number' }, counts: schemaNamed('LevelCounts') }),
        description: 'Only those with entries, by time.',
      },
      counts: { ...schemaNamed('LevelCounts'), description: 'Of all buckets together.' },
      isComplete: {
        type: 'boolean',
        description: 'False when the time was up first: then only what is not older than `countedFrom` was counted.',
      },
      countedFrom: { type: 'number' },
    },
    ['countedFrom'],
  ),
  Completions: object('What could be written next in a query.', {
    completions: {
      type: 'array',
      items: object(
        'One of them.',
        {
          text: { type: 'string' },
          entries: { ...count, description: 'How many entries have it, when that is known cheaply.' },
        },
        ['entries'],
      ),
    },
  }),
  StreamOpen: object('The first event of a stream, `open`.', { live: schemaNamed('LivePosition') }),
  StreamGap: object('The event `gap`: entries were left out, because the viewer was too slow or came back too late.', {
    entries: { type: ['integer', 'null'], description: 'How many; `null` when nobody can tell.' },
    from: { type: ['number', 'null'], description: 'Their oldest time when known, in ms since the epoch.' },
    to: { type: ['number', 'null'], description: 'Their newest time when known: ask a page for what is between.' },
  }),
  StreamEnd: object('The event `end`: nothing more comes on this connection.', {
    reason: {
      type: 'string',
      enum: ['stopped', 'failed'],
      description: '`stopped`: the server stops. `failed`: the store can not be read.',
    },
  }),
  NewEntry: {
    type: 'object',
    description:
      'An entry to store. `msg`, `timestamp`, `ts`, `@timestamp` and `severity` are read too; other names become fields.',
    properties: {
      message: { description: 'Its text; what is no text counts as its JSON.' },
      time: {
        type: ['string', 'number'],
        description: 'RFC 3339, or s, ms, µs or ns since the epoch. Now, when absent.',
      },
      level: { type: ['string', 'number'], description: 'A level by name, by a usual alias, or by pino’s number.' },
      source: { type: 'string' },
      fields: { type: 'object', additionalProperties: true },
    },
    additionalProperties: true,
  },
  Inserted: object(
    'What became of entries that were sent.',
    {
      status: { type: 'string', const: 'success' },
      inserted: { ...count, description: 'How many are stored now.' },
      repeated: { ...count, description: 'How many had come before, by their id; absent when none.' },
      errors: {
        type: 'array',
        items: schemaNamed('EntryProblem'),
        description: 'Those that were left out, up to ten.',
      },
    },
    ['repeated', 'errors'],
  ),
  EntryProblem: object(
    'An entry that can not be read.',
    {
      entry: { ...count, description: 'Its place in the array, from 0.' },
      line: { type: 'integer', minimum: 1, description: 'Its line, from 1.' },
      message: { type: 'string' },
    },
    ['entry', 'line'],
  ),
  Problem: {
    type: 'object',
    description: 'Why there is no answer.',
    properties: {
      error: { type: 'string', description: 'The status in words.', examples: ['Bad Request'] },
      message: { type: 'string', description: 'What is wrong, and what to do.' },
      parameter: { type: 'string', description: 'The parameter that is wrong.' },
      reason: { type: 'string', description: 'Why somebody is not let in.' },
      accepted: { ...count, description: 'Of the entries that were sent: those that were taken all the same.' },
      total: count,
      errors: { type: 'array', items: schemaNamed('EntryProblem') },
    },
    required: ['error', 'message'],
    additionalProperties: true,
  },
  Health: object('Whether the service works.', { status: { type: 'string', enum: ['ok', 'failing'] } }),
}
