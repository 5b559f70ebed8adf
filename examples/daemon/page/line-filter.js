/** What the reader wants to see: a level, and a text or a pattern. */

import { levels } from './read-line.js'

/**
 * @typedef {object} LineFilter
 * @property {string} level '' for all
 * @property {string} match a text, found whatever its case; or a pattern, `/time(out)?/i`
 * @typedef {(line: import('./read-line.js').ReadLine) => boolean} Passes
 */

const written = /^\/(.+)\/([a-z]*)$/s

/** The pattern of a text that is written like one. @param {string} match @returns {{ source: string, flags: string } | undefined} */
function patternOf(match) {
  const [, source, flags] = written.exec(match) ?? []
  return source === undefined ? undefined : { source, flags: /** @type {string} */ (flags) }
}

/**
 * A function that says whether a line passes. A line of an unknown level passes whatever the level, as at the server.
 *
 * @param {LineFilter} filter
 * @returns {Passes}
 * @throws {SyntaxError} when `match` is no pattern
 */
export function passes({ level, match }) {
  const least = levels.indexOf(level)
  const found = finder(match)
  if (least <= 0 && found === undefined) return () => true
  return (line) => {
    if (line.level && levels.indexOf(line.level) < least) return false
    return (
      found === undefined || found(line.message) || (line.fields !== undefined && found(JSON.stringify(line.fields)))
    )
  }
}

function finder(match) {
  if (match === '') return undefined
  const pattern = patternOf(match)
  // Not 'g' and 'y': they would remember where the last line's match ended.
  const expression =
    pattern === undefined
      ? new RegExp(RegExp.escape?.(match) ?? match.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&'), 'iu')
      : new RegExp(pattern.source, pattern.flags.replace(/[gy]/g, ''))
  return (text) => expression.test(text)
}

/** The same for the server, whose patterns have RE2's syntax. @param {LineFilter} filter @returns {[string, string][]} */
export function filterQuery({ level, match }) {
  const query = /** @type {[string, string][]} */ ([])
  if (level !== '') query.push(['level', level])
  const pattern = patternOf(match)
  if (pattern !== undefined) {
    const flags = pattern.flags.replace(/[^ims]/g, '')
    query.push(['match', flags === '' ? pattern.source : `(?${flags})${pattern.source}`])
  } else if (match !== '') query.push(['match', `(?i)${match.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')}`])
  return query
}
