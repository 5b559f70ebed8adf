/** A term as people write it. */

import { isLogLevel, logLevels } from '@logwisp/core/entry'
import type { LevelWord, QueryTerm } from '../../log-query.ts'
import { quote } from './pieces.ts'
import { pathStops, scanTerm } from './scan-term.ts'

/** The text of one term. */
export function printTerm(term: QueryTerm): string {
  return `${term.not ? '-' : ''}${positive(term)}`
}

function positive(term: QueryTerm): string {
  switch (term.kind) {
    case 'level':
      return levels(term.levels)
    case 'source':
      return `source:${term.sources.map(printValue).join(',')}`
    case 'field':
      return term.values.length === 0
        ? `has:${/^[^\s"]+$/.test(term.path) ? term.path : quote(term.path)}`
        : `field.${printPath(term.path)}=${term.values.map(printValue).join(',')}`
    case 'word':
      return word(term.text, term.prefix ?? false)
    case 'phrase':
      return quote(term.text)
    case 'pattern':
      return pattern(term.pattern, term.ignoreCase ?? false)
  }
}

/** A value, in quotes if it must be. */
export function printValue(value: string): string {
  return /^[^\s,"<=>][^\s,]*$/.test(value) ? value : quote(value)
}

/** A field's path, in quotes if it must be. */
export function printPath(path: string): string {
  return path !== '' && ![...path].some((character) => pathStops.includes(character) || /\s/.test(character))
    ? path
    : quote(path)
}

function levels(given: readonly LevelWord[]): string {
  const [first] = given
  if (first !== undefined && isLogLevel(first) && given.length > 1) {
    const upwards = logLevels.slice(logLevels.indexOf(first))
    if (upwards.length === given.length && upwards.every((level, index) => level === given[index])) {
      return `level>=${first}`
    }
  }
  return `level:${given.join(',')}`
}

/** Bare when it is read back as the same, whatever follows: after a slash it might become a pattern. */
function word(text: string, isPrefix: boolean): string {
  const star = isPrefix ? '*' : ''
  const bare = `${text}${star}`
  if (/\s|^$|^\//.test(text)) return `${quote(text)}${star}`
  const { term, end } = scanTerm(bare, 0)
  const isSame =
    end === bare.length &&
    term?.kind === 'word' &&
    term.text === text &&
    (term.prefix ?? false) === isPrefix &&
    !term.not
  return isSame ? bare : `${quote(text)}${star}`
}

function pattern(text: string, ignoreCase: boolean): string {
  // An empty pattern is written as an empty group: // is a text.
  const written = text === '' ? '(?:)' : text.replace(/\\.|\//gs, (found) => (found === '/' ? '\\/' : found))
  return `/${written}/${ignoreCase ? 'i' : ''}`
}
