/** `pnpm start`: three ticks through stages of one's own. */

import { pipeline } from 'node:stream/promises'
import { countLevels } from './count-levels.ts'
import { slowStore } from './slow-store.ts'
import { tickerSource } from './ticker-source.ts'

const counts = new Map<string, number>()
const rows: string[] = []
await pipeline(tickerSource(100, 3), countLevels(counts), slowStore(rows))
console.log(rows.join('\n'))
console.log(Object.fromEntries(counts))
