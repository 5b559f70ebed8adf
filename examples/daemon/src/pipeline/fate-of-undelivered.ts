/** What becomes of entries that were read and not delivered when the daemon ended, source by source. Pure. */

import type { SourceConfig } from '../config/schema.ts'

/** A source that may have given some of them. */
export interface UndeliveredSource {
  /** Its place in the pipeline. */
  readonly index: number
  readonly config: SourceConfig
  /** How many its books have open; undefined for one that keeps none. */
  readonly open: number | undefined
}

/** In words that follow what they are, e.g. `they are read again at the next start`. */
export function fateOfUndelivered(sources: readonly UndeliveredSource[]): string {
  const concerned = sources.filter(({ open }) => open !== 0)
  // What the last look at the books missed.
  const all = concerned.length === 0 ? sources : concerned
  const fates = new Set(all.map(({ config }) => fateOf(config)))
  if (fates.size === 1) return `they are ${[...fates][0]}`
  return all.map((source) => `${nameOf(source)}: ${fateOf(source.config)}`).join('; ')
}

/** In words that follow `they are`. */
function fateOf(source: SourceConfig): string {
  switch (source.type) {
    case 'directory':
    case 'file':
      return again
    case 'sse':
      return asked
    case 'websocket':
      return 'url' in source.options && source.options.url !== undefined ? asked : sentAgain
    case 'tcp':
      return source.options.framing === 'octet-counted' ? lost : sentAgain
    case 'http':
      if (source.options.respond === 'delivered') return 'sent again by clients that try again without an answer'
      return source.options.respond === 'either' ? sentAgain : lost
    case 'stdin':
      return lost
  }
}

const again = 'read again at the next start'
const asked = 'asked for again at the next start, as far back as the server has them'
const sentAgain = 'sent again by those who ask for acknowledgement; of others they are lost'
const lost = 'lost'

function nameOf({ index, config: { type }, open }: UndeliveredSource): string {
  const source = `source ${index} (${type})`
  return open === undefined ? `those of ${source}` : `${open} of ${source}`
}
