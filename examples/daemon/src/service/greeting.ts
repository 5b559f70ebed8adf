/** What whoever started the daemon at a terminal is told. Pure. */

import { join } from 'node:path'
import type { Config } from '../config/schema.ts'
import type { ServiceStatus } from './service-status.ts'

/** More than these make a list that nobody reads. */
const maxLines = 8

/** The name of each line takes so much, with its margin. */
const labelWidth = 13

/** What is followed, where the page is, how to stop it; ends with a line feed. */
export function greeting(config: Config, status: ServiceStatus): string {
  const followed = config.pipelines.flatMap(({ name, sources }) =>
    sources.flatMap((source, index) => {
      const files = status.pipelines[name]?.sources[index]?.files
      const count = files === undefined ? '' : ` (${files.length === 1 ? '1 file' : `${files.length} files`})`
      if (source.type === 'directory') {
        const advice =
          files?.length === 0 ? '\n             none there yet: one that appears is read from its first line' : ''
        const patterns = [source.options.pattern].flat().join(' ')
        return [`${join(source.options.path, patterns)}${count}${advice}`]
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
