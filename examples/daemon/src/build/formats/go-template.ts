/** Templates in Go's `text/template` language, as far as one is a format: read once, and run without `eval`. */

import type { LogEntry } from '@logwisp/core'
import { badTemplate, TemplateFailure } from './template-error.ts'
import { programOf } from './template-program.ts'
import { TemplateFields, TemplateTime } from './template-values.ts'

/** The longest template that is read, in characters. */
const maxTemplateChars = 65_536

/**
 * Makes a format of a template. An entry has `.Timestamp` (which `FmtTime` writes as `fmtTime` does), `.Level` in capitals
 * (`INFO` when it tells none), `.Source`, `.Message`, and `.Fields` when there are any: a text of JSON, of which each
 * field can be asked for (`.Fields.user`, `range $name, $value := .Fields`).
 *
 * An entry that a template cannot be made of, such as a text compared with a number, is written as
 * `[time] [LEVEL] source - message`; so is one whose text would take more than 16 MiB beside its message, or
 * 100,000 steps.
 *
 * @throws LogwispError `BAD_OPTION` when the template is no good; says at which line and column.
 */
export function goTemplate(template: string, fmtTime: (time: number) => string): (entry: LogEntry) => string {
  if (template.length > maxTemplateChars) {
    throw badTemplate(template, maxTemplateChars, `a template has ${maxTemplateChars} characters at most`)
  }
  const program = programOf(template, fmtTime)
  return (entry) => {
    try {
      return run(program, entry)
    } catch (error) {
      if (!(error instanceof TemplateFailure)) throw error
      return `[${fmtTime(entry.time)}] [${levelOf(entry)}] ${entry.source} - ${entry.message}`
    }
  }
}

function run(program: ReturnType<typeof programOf>, entry: LogEntry): string {
  return program({
    Timestamp: new TemplateTime(entry.time, 'local'),
    // Looked for only when a template asks.
    get Level() {
      return levelOf(entry)
    },
    Source: entry.source,
    Message: entry.message,
    ...(hasFields(entry) && { Fields: new TemplateFields(entry.fields) }),
  })
}

function levelOf({ level }: LogEntry): string {
  return level?.toUpperCase() ?? 'INFO'
}

function hasFields(entry: LogEntry): entry is LogEntry & { readonly fields: Readonly<Record<string, unknown>> } {
  return entry.fields !== undefined && Object.keys(entry.fields).length > 0
}
