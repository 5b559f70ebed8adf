/** The format `text`: each entry by a template. */

import { type LogEntry, textFormat } from '@logwisp/core'
import type { FormatOptions } from '../format.ts'
import { goTemplate } from './go-template.ts'
import { timeFormat } from './go-time.ts'

/** What the ancestor's default template gives: `[2026-01-31T23:59:59Z] [ERROR] app.log - out of disk {"code":28}`. */
const defaultTemplate =
  '[{{.Timestamp | FmtTime}}] [{{.Level | ToUpper}}] {{.Source}} - {{.Message}}{{if .Fields}} {{.Fields}}{{end}}'

/**
 * Makes the format of a template: in Go's language when it has `{{`, else in LogWisp's own.
 *
 * @throws LogwispError `BAD_OPTION` when the template is no good; says where.
 */
export function templateFormat({
  template = defaultTemplate,
  timestamp_format,
}: FormatOptions): (entry: LogEntry) => string {
  // Every entry ends its line by itself.
  const text = template.endsWith('\n') ? template.slice(0, -1) : template
  return text.includes('{{') ? goTemplate(text, timeFormat(timestamp_format)) : textFormat(text)
}
