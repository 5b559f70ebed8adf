/** How a line of the daemon's own log looks to people: one line each, whatever is in it. Pure. */

/** A line as pino gives it, parsed. */
interface Parsed {
  readonly level: string
  readonly time: string
  readonly msg?: string
  readonly [field: string]: unknown
}

/** What is in every line and said otherwise, or is the same in every line. */
const shownElsewhere = new Set(['level', 'time', 'msg', 'pid'])

/** Controls of a terminal, and what turns the direction of writing: names of files come from anybody. */
const unsafe = /[\0-\x08\x0a-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g

/**
 * A JSON line of pino as `2026-11-21T10:00:00.000Z INFO  words pipeline=app file="a b.log"`, without a line end.
 * An error's words, code and, unless it has a code, its stack are fields of their own.
 */
export function ownLogLine(json: string): string {
  const line = JSON.parse(json) as Parsed
  const fields = Object.entries(line).filter(([name]) => !shownElsewhere.has(name))
  const shown = fields.flatMap(([name, value]) => (name === 'err' ? errorFields(value) : [`${name}=${quoted(value)}`]))
  return [line.time, line.level.toUpperCase().padEnd(5), safe(line.msg ?? ''), ...shown].join(' ')
}

function errorFields(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [`error=${quoted(value)}`]
  const { message, code, stack } = value as { message?: unknown; code?: unknown; stack?: unknown }
  return [
    `error=${quoted(message)}`,
    ...(code === undefined ? (stack === undefined ? [] : [`stack=${quoted(stack)}`]) : [`code=${quoted(code)}`]),
  ]
}

/** A value in one word, or in quotes; tables and lists as JSON. */
function quoted(value: unknown): string {
  if (typeof value !== 'string') return safe(JSON.stringify(value) ?? '')
  return /^[^\s"=]+$/.test(value) ? safe(value) : safe(JSON.stringify(value))
}

function safe(text: string): string {
  return text.replace(unsafe, (character) => {
    const code = character.charCodeAt(0)
    if (code === 10) return '\\n'
    return code < 256 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16)}`
  })
}
