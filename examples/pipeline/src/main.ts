/** `pnpm start [directory]`: errors and warnings of a directory's logs, to a file and to a browser. */

import { hostname } from 'node:os'
import { pipeline } from 'node:stream/promises'
import { type Entries, fanOut, openCheckpoint } from '@logwisp/core'
import { exclude, include } from '@logwisp/filters'
import { fileSink, sseSink } from '@logwisp/sinks'
import { directorySource } from '@logwisp/sources'

const directory = process.argv[2] ?? '.'
const output = process.argv[3] ?? './errors'
const port = Number(process.env['PORT'] ?? 8080)

const checkpoint = await openCheckpoint(`${output}.checkpoint.json`)
const source = directorySource(directory, { pattern: '*.log', checkpoint, startAt: 'beginning' })
const live = sseSink({ port })

live.on('listening', () => console.log(`http://127.0.0.1:${live.address?.port}/stream`))
process.once('SIGINT', () => source.stop())
process.once('SIGTERM', () => source.stop())

await pipeline(
  source,
  include(/ERROR|WARN/),
  exclude(/\/healthz/),
  async function* (entries: Entries) {
    for await (const entry of entries) yield { ...entry, fields: { ...entry.fields, host: hostname() } }
  },
  fanOut([live, fileSink(output, { name: 'errors', format: 'json' })]),
)
await checkpoint.close()
