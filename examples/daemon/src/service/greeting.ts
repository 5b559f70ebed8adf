/** What whoever started the daemon at a terminal is told. Pure. */

import { join } from 'node:path'
import type { Config } from '../config/schema.ts'
import type { ServiceStatus } from './service-status.ts'

/** More than these make a list that nobody reads. */
const maxLines = 8

/** The name of each line takes so much, with its margin. */
const labelWidth = 13

/** What to do when nothing is found to follow. */
const noneYet = [
  'none there yet: one that appears is followed from its first line.',
  "For others name them: logwisp <directory> --pattern '<glob>'",
]

/** What is followed, where the page is, how to stop it; ends with a line feed. */
export function greeting(config: Config, status: ServiceStatus): string {
  const followed = config.pipelines.flatMap(({ name, sources }) =>
    sources.flatMap((source, index) => {
      if (source.type === 'directory') {
        const files = status.pipelines[name]?.sources[index]?.details['files']
        const count = typeof files === 'number' ? ` (${files === 1 ? '1 file' : `${files} files`})` : ''
        const path = join(source.options.path, [source.options.pattern].flat().join(' '))
        return files === 0 ? [`${path}${count}`, ...noneYet] : [`${path}${count}`]
      }
      return source.type === 'file' ? [source.options.path] : []
    }),
  )
  const pages = status.listeners.filter(({ protocol }) => protocol.startsWith('http')).map(({ url }) => url)
  const copies = config.pipelines.flatMap(({ sinks }) =>
    sinks.flatMap((sink) => (sink.type === 'file' ? [join(sink.options.directory, `${sink.options.name}.log`)] : [])),
  )
  const lines = [
    ...labelled('following', followed),
    ...labelled('copying to', copies),
    ...labelled('live page', pages),
    ...labelled('stop with', ['Ctrl-C']),
  ]
  return `LogWisp\n${lines.join('\n')}\n`
}

function labelled(label: string, values: readonly string[]): string[] {
  const shown =
    values.length > maxLines ? [...values.slice(0, maxLines), `… and ${values.length - maxLines} more`] : values
  return shown.map((value, index) => `  ${(index === 0 ? label : '').padEnd(labelWidth - 2)}${value}`)
}
