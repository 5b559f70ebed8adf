/** `pnpm collect <directory> [http|tcp] [port]`: takes entries from other LogWisps, and says so once they are in a file. */

import { pipeline } from 'node:stream/promises'
import { encodeEntryWithId } from '@logwisp/core'
import { fileSink } from '@logwisp/sinks'
import { httpSource, tcpSource } from '@logwisp/sources'

const [directory = './collected', protocol = 'tcp', port = '9100'] = process.argv.slice(2)

const source = protocol === 'http' ? httpSource({ port: Number(port) }) : tcpSource({ port: Number(port) })
source.on('listening', (address: { readonly port: number }) => {
  console.log(protocol === 'http' ? `http://127.0.0.1:${address.port}/ingest` : `tcp://127.0.0.1:${address.port}`)
})
process.once('SIGINT', () => source.stop())
process.once('SIGTERM', () => source.stop())

// With its id, an entry that came twice because somebody was killed can be told from two that say the same.
await pipeline(source, fileSink(directory, { name: 'collected', format: encodeEntryWithId }))
