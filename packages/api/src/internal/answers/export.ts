/** `GET /logs/export`: all entries that fit, as a file. */

import { encodeEntry, textFormat } from '@logwisp/core'
import type { StoredEntry } from '@logwisp/store'
import { csvHead, csvLine } from '../csv-text.ts'
import type { operations } from '../open-api/operations.ts'
import { OutgoingBody } from '../outgoing-body.ts'
import type { ParameterValues } from '../parameter-values.ts'
import { busy } from '../problem.ts'
import { type Asked, type Service, writeHead } from '../service.ts'

type Values = ParameterValues<typeof operations.export.parameters>

interface Format {
  readonly type: string
  readonly extension: string
  readonly head?: string
  readonly line: (entry: StoredEntry) => string
}

const asText = textFormat()

const formats: Readonly<Record<NonNullable<Values['format']>, Format>> = {
  ndjson: {
    type: 'application/x-ndjson; charset=utf-8',
    extension: 'ndjson',
    line: (entry) => `${encodeEntry(entry)}\n`,
  },
  csv: { type: 'text/csv; charset=utf-8; header=present', extension: 'csv', head: csvHead, line: csvLine },
  text: { type: 'text/plain; charset=utf-8', extension: 'log', line: (entry) => `${asText(entry)}\n` },
}

/** Answers with a file, as fast as it is taken. One that can not be ended is cut off, and does not look whole. */
export async function replyExport(asked: Asked, values: Values, service: Service): Promise<void> {
  const { counts, settings } = service
  if (counts.exports >= settings.maxExports) {
    throw busy(`${settings.maxExports} exports are under way, which is the most at once: come again`)
  }
  counts.exports++
  try {
    await writeExport(asked, values, service)
  } finally {
    counts.exports--
  }
}

async function writeExport(asked: Asked, values: Values, { store, counts, settings }: Service): Promise<void> {
  const { req, res, signal, isHead } = asked
  const { q: terms, from, to, format: name = 'ndjson' } = values
  const format = formats[name]
  const batches = store.scan({ terms, from, to }, { signal })[Symbol.asyncIterator]()
  try {
    // The first batch before the head: a query that fails then still has a status.
    let next = isHead ? undefined : await batches.next()
    const gzip = acceptsGzip(req.headers['accept-encoding'])
    writeHead(asked, format.type, {
      'Content-Disposition': `attachment; filename="logs-${fileTime()}.${format.extension}"`,
      Vary: [res.getHeader('Vary') ?? [], 'Accept-Encoding'].flat().join(', '),
      ...(gzip ? { 'Content-Encoding': 'gzip' } : {}),
    })
    if (isHead) return void res.end()
    const body = new OutgoingBody(res, { signal, gzip, stuckTimeoutMs: settings.stuckTimeoutMs })
    body.write(format.head ?? '')
    for (; next !== undefined && next.done !== true; next = await batches.next()) {
      for (const entry of next.value) {
        const drained = body.write(format.line(entry))
        if (drained !== undefined) await drained
      }
      counts.entriesExported += next.value.length
    }
    body.end()
  } finally {
    await batches.return?.()
  }
}

function acceptsGzip(header: string | string[] = ''): boolean {
  return [header]
    .flat()
    .join(',')
    .split(',')
    .some((coding) => /^\s*gzip\s*(;\s*q=(?!0(\.0*)?\s*$)[\d.]+\s*)?$/i.test(coding))
}

/** Now, for the name of a file. */
function fileTime(): string {
  return new Date().toISOString().replace(/[-:]|\.\d+/g, '')
}
