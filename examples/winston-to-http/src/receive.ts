/** `pnpm start`: takes entries at http://127.0.0.1:8080/ingest and writes them into ./received. */

import { pipeline } from 'node:stream/promises'
import { fileSink } from '@logwisp/sinks'
import { httpSource } from '@logwisp/sources'

const directory = process.argv[2] ?? './received'

const source = httpSource({ port: Number(process.env['PORT'] ?? 8080) })
source.on('listening', ({ port }) => console.log(`http://127.0.0.1:${port}/ingest takes entries`))
process.once('SIGTERM', () => source.stop())

await pipeline(source, fileSink(directory, { name: 'received', format: 'json' }))
