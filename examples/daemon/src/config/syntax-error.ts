/** Says where a file cannot be read, and shows the line. */

import { LineIndex, type Place } from './line-index.ts'
import { ConfigError } from './loaded-config.ts'

/** A file's text, with the name that it has in words to people. */
export interface FileText {
  readonly file: string
  readonly text: string
}

const maxShownColumns = 100

/** Words of keys whose values are not shown. */
const secretWords = /token|passw|passphrase|secret|key|auth|hash|header|credential/i

/** One line that begins a value: a key, and `=` or `:`; or the head of a table. */
const beginsValue = /^\s*(?:- )?[{,\s]*["']?[\w.-]+["']?\s*[=:]|^\s*\[/

/**
 * The error for a file that cannot be read.
 *
 * Shows the line, but stars for every text of a line that may hold a secret.
 */
export function syntaxError({ file, text }: FileText, what: string, { line, column }: Place): ConfigError {
  const lines = new LineIndex(text)
  const shown = mayHoldSecret(lines, line) ? starred(lines.line(line)) : lines.line(line)
  const from = Math.max(0, Math.min(column - 1 - maxShownColumns / 2, shown.length - maxShownColumns))
  const part = shown.slice(from, from + maxShownColumns).replaceAll('\t', ' ')
  const gutter = `${line} | `
  const pointer = ' '.repeat(Math.max(0, column - 1 - from))
  const message = `${what}\n  ${gutter}${part}\n  ${' '.repeat(gutter.length - 2)}| ${pointer}^`
  return new ConfigError([{ path: '', message, origin: { from: 'file', file, line, column } }])
}

function mayHoldSecret(lines: LineIndex, line: number): boolean {
  for (let at = line; at > 0; at--) {
    const text = lines.line(at)
    if (secretWords.test(text)) return true
    // A list or a text over several lines: what it is of stands where it begins.
    if (beginsValue.test(text)) return false
  }
  return false
}

/** Every letter and digit behind a key becomes a star, so that the pointer below still points at the same column. */
function starred(line: string): string {
  const value = /^[^=:]*[=:]/.exec(line)?.[0].length ?? 0
  const isKeyOnly = /^\s*\[{1,2}[\w."' -]+\]{0,2}\s*$/.test(line)
  return isKeyOnly ? line : line.slice(0, value) + line.slice(value).replace(/[^\s"'[\]{},]/g, '*')
}
