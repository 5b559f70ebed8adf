/** What `pnpm start` runs: the daemon on a sample log that is written while you watch. Its words go to the daemon. */

import { join } from 'node:path'
import { generateLog } from '@logwisp/example-log-generator'
import { main } from './program.ts'
import { defaultStateDirectory } from './service/state-directory.ts'

const directory = join(defaultStateDirectory(process.env), 'sample')
const stop = new AbortController()
const generating = generateLog(directory, { seed: Date.now(), signal: stop.signal })
process.exitCode = await main([directory, ...process.argv.slice(2)])
stop.abort()
await generating
