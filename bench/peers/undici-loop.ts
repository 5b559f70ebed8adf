/** The limit for NDJSON to an HTTP endpoint: undici, one request after the other. No retry, no id, no level, no limit. */

import { Pool } from 'undici'
import { measured } from '../harness/measured.ts'
import { jsonLines } from './json-lines.ts'

await measured(async ({ input, port }: { readonly input: string; readonly port: number }) => {
  const pool = new Pool(`http://127.0.0.1:${port}`)
  const headers = { 'content-type': 'application/x-ndjson' }
  for (const { text, lines } of jsonLines(input)) {
    const { statusCode, body } = await pool.request({ path: '/ingest', method: 'POST', headers, body: text })
    const { accepted } = (await body.json()) as { accepted: number }
    if (statusCode !== 200 || accepted !== lines) throw new Error(`${accepted} of ${lines} lines were taken`)
  }
  await pool.close()
})
