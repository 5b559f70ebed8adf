/** What can be done with a batch of one read block. Each call begins with a block that nobody has looked at. */

import { microSuite } from '../harness/micro.ts'
import { freshBatch, sampleBlock } from './fixtures.ts'

const { bytes, lines } = sampleBlock()
const perCall = { lines, bytes: bytes.length }
const selected = freshBatch(bytes).select((start) => start % 5 === 0)

await microSuite('batch', [
  { name: 'count its lines', perCall, run: () => freshBatch(bytes).count },
  { name: 'its text', perCall, run: () => freshBatch(bytes).text },
  { name: 'visit its lines', perCall, run: () => freshBatch(bytes).forEachLine(() => {}) },
  {
    name: 'make its entries',
    perCall,
    run: () => {
      let length = 0
      for (const { message } of freshBatch(bytes)) length += message.length
      return length
    },
  },
  { name: 'the bytes of one line in five', perCall, run: () => selected.toBytes() },
])
