/** One piece of a query, read to its end. */

import { logLevels } from '@logwisp/core/entry'
import type { LogwispError } from '@logwisp/core/errors'
import { textPattern } from '@logwisp/core/text-pattern'
import type { LevelWord, QueryTerm } from '../../log-query.ts'
import type { QueryPart } from '../../query-language.ts'
import { foldText } from '../words/fold.ts'
import { cutWords, isLetterAt } from '../words/word-chars.ts'
import type { Comparison } from './level-names.ts'
import { levelNamed, levelsBeside } from './level-names.ts'
import type { Quotable } from './pieces.ts'
import { bareEnd, isGap, readQuotable } from './pieces.ts'

/** What ends a field's path that is not in quotes. */
export const pathStops = '=:<>!,"'

/** What ends a value that is not in quotes. */
export const valueStops = ','

const levelNames = [...logLevels, 'none'].join(', ')

/** Reads the piece that begins at `start`, which is no white space. */
export function scanTerm(text: string, start: number): QueryPart {
  const scan = new TermScan(text, start)
  return scan.read()
}

class TermScan {
  readonly #text: string
  readonly #start: number
  #not: boolean

  constructor(text: string, start: number) {
    this.#text = text
    this.#start = start
    this.#not = text[start] === '-'
  }

  read(): QueryPart {
    const text = this.#text
    const at = this.#not ? this.#start + 1 : this.#start
    if (isGap(text, at)) {
      return this.#wrong('word', at, 'write what to leave out after -, without a space; or "-" to look for the sign')
    }
    const rest = text.slice(at)
    if (/^level(?:[:=]|[<>])/i.test(rest)) return this.#level(at + 'level'.length)
    if (/^source[:=]/i.test(rest)) return this.#source(at + 'source:'.length)
    if (/^has[:=]/i.test(rest)) return this.#has(at + 'has:'.length)
    if (/^field\./i.test(rest)) return this.#field(at + 'field.'.length)
    if (rest.startsWith('"')) return this.#quoted(at)
    return (rest.startsWith('/') ? this.#pattern(at) : undefined) ?? this.#bare(at)
  }

  #right(end: number, term: QueryTerm): QueryPart {
    return { start: this.#start, end, kind: term.kind, not: this.#not, term: this.#not ? { ...term, not: true } : term }
  }

  /** A piece that is wrong reaches as far as it has no white space, so that what follows is read by itself. */
  #wrong(kind: QueryTerm['kind'], end: number, problem: string): QueryPart {
    return { start: this.#start, end: bareEnd(this.#text, end), kind, not: this.#not, problem }
  }

  #unclosed(kind: QueryTerm['kind'], { end }: Quotable): QueryPart {
    return this.#wrong(kind, end, 'a " has no partner: write another one where the text ends, and \\" for one within')
  }

  /** `[:=]` and a comparison are both taken: `level:>=warn` is what other search boxes know. */
  #level(at: number): QueryPart {
    const operator = /^[:=]?(>=|<=|>|<)?/.exec(this.#text.slice(at)) as RegExpExecArray
    const from = at + operator[0].length
    const values = this.#values(from)
    const open = values.find((value) => value.isOpen)
    if (open !== undefined) return this.#unclosed('level', open)
    const end = values.at(-1)?.end ?? from
    const unknown = values.find((value) => levelNamed(value.text) === undefined)
    if (unknown !== undefined) {
      const what = unknown.text === '' ? 'a level is missing' : `${JSON.stringify(unknown.text)} is no level`
      return this.#wrong('level', end, `${what}: write one of ${levelNames}, or several with commas between them`)
    }
    const levels = values.map((value) => levelNamed(value.text) as LevelWord)
    const comparison = operator[1] as Comparison | undefined
    if (comparison === undefined) return this.#right(end, { kind: 'level', levels: [...new Set(levels)] })
    const [level] = levels
    if (level === undefined || level === 'none' || levels.length > 1) {
      return this.#wrong('level', end, `${comparison} takes one level: write for example level${comparison}warn`)
    }
    const beside = levelsBeside(comparison, level)
    if (beside.length === 0) {
      return this.#wrong('level', end, `there is no level ${comparison === '<' ? 'below' : 'above'} ${level}`)
    }
    return this.#right(end, { kind: 'level', levels: beside })
  }

  #source(at: number): QueryPart {
    const values = this.#values(at)
    const open = values.find((value) => value.isOpen)
    if (open !== undefined) return this.#unclosed('source', open)
    const end = values.at(-1)?.end ?? at
    if (values.some((value) => value.text === '')) {
      return this.#wrong('source', end, 'a source is missing: write its name or the end of its path, source:app.log')
    }
    return this.#right(end, { kind: 'source', sources: values.map((value) => value.text) })
  }

  #has(at: number): QueryPart {
    const path = readQuotable(this.#text, at, '')
    if (path.isOpen) return this.#unclosed('field', path)
    if (!isGap(this.#text, path.end)) return this.#afterQuote('field', path)
    if (path.text === '' && !path.isQuoted) {
      return this.#wrong('field', path.end, 'a field is missing: write its path, has:user.id')
    }
    return this.#right(path.end, { kind: 'field', path: path.text, values: [] })
  }

  #field(at: number): QueryPart {
    const text = this.#text
    const path = readQuotable(text, at, pathStops)
    if (path.isOpen) return this.#unclosed('field', path)
    if (path.text === '' && !path.isQuoted) {
      return this.#wrong('field', path.end, 'a field is missing: write its path and a value, field.user.id=42')
    }
    if (isGap(text, path.end)) return this.#right(path.end, { kind: 'field', path: path.text, values: [] })
    const operator = /^(?:!=|=|:)(?![<>=])/.exec(text.slice(path.end))?.[0]
    if (operator === undefined) {
      const problem =
        'after a field comes = and a value: field.user=42; a path with other signs goes into quotes, field."a b"=42'
      return this.#wrong('field', path.end, problem)
    }
    const from = path.end + operator.length
    const values = this.#values(from)
    const open = values.find((value) => value.isOpen)
    if (open !== undefined) return this.#unclosed('field', open)
    const end = values.at(-1)?.end ?? from
    if (values.some((value) => value.text === '' && !value.isQuoted)) {
      return this.#wrong('field', end, `a value is missing after ${text[end - 1]}: write one, or "" for an empty one`)
    }
    if (operator === '!=') this.#not = !this.#not
    return this.#right(end, { kind: 'field', path: path.text, values: values.map((value) => value.text) })
  }

  /** Values with commas between them; one at least, which may be empty. What stands directly after a quote belongs to no value. */
  #values(at: number): Quotable[] {
    const values: Quotable[] = []
    for (let next = at; ; ) {
      const value = readQuotable(this.#text, next, valueStops)
      const { end } = value
      if (value.isQuoted && !isGap(this.#text, end) && this.#text[end] !== ',') {
        // "a"b: read as if the quotes were letters, as in 5"disk
        const bare = bareEnd(this.#text, next, valueStops)
        values.push({ start: next, end: bare, text: this.#text.slice(next, bare), isQuoted: false, isOpen: false })
        next = bare
      } else {
        values.push(value)
        next = end
      }
      if (this.#text[next] !== ',') return values
      next++
    }
  }

  #quoted(at: number): QueryPart {
    const phrase = readQuotable(this.#text, at, '')
    if (phrase.isOpen) return this.#unclosed('phrase', phrase)
    const { end } = phrase
    if (this.#text[end] === '*' && isGap(this.#text, end + 1)) return this.#prefix(phrase.text, end + 1)
    if (!isGap(this.#text, end)) return this.#afterQuote('phrase', phrase)
    if (foldText(phrase.text) === '') {
      return this.#wrong('phrase', end, 'there is nothing to look for: write some words between the quotes')
    }
    return this.#right(end, { kind: 'phrase', text: phrase.text })
  }

  #afterQuote(kind: QueryTerm['kind'], { end }: Quotable): QueryPart {
    return this.#wrong(kind, end, 'write a space after the closing ", and \\" for one within the text')
  }

  /** Undefined when it is no pattern but a path, `/var/log`: the first slash without a backslash closes a pattern, or none does. */
  #pattern(at: number): QueryPart | undefined {
    const text = this.#text
    let pattern = ''
    for (let index = at + 1; index < text.length; index++) {
      const character = text[index] as string
      if (character === '\\' && index + 1 < text.length) {
        const next = text[++index] as string
        pattern += next === '/' ? '/' : character + next
      } else if (character === '/') {
        const end = bareEnd(text, index + 1)
        const flags = text.slice(index + 1, end)
        return pattern !== '' && /^[dgimsuvy]*$/.test(flags) ? this.#patternOf(pattern, flags, end) : undefined
      } else pattern += character
    }
    return undefined
  }

  #patternOf(pattern: string, flags: string, end: number): QueryPart {
    if (flags !== '' && flags !== 'i') {
      const problem = `only i may stand after /…/, for no regard to case; to look for the text itself, write it in quotes`
      return this.#wrong('pattern', end, problem)
    }
    try {
      textPattern(pattern)
    } catch (error) {
      return this.#wrong('pattern', end, (error as LogwispError).message)
    }
    return this.#right(end, { kind: 'pattern', pattern, ...(flags === 'i' && { ignoreCase: true }) })
  }

  #bare(at: number): QueryPart {
    const end = bareEnd(this.#text, at)
    const word = this.#text.slice(at, end)
    if (word === 'AND' || word === 'OR' || word === 'NOT') return this.#operator(word, end)
    if (word === '*')
      return this.#wrong('word', end, '* alone fits everything: leave it out, or write a word before it')
    if (word.endsWith('*')) return this.#prefix(word.slice(0, -1), end)
    if (/^\*[^*]|[\p{L}\p{N}]\*[\p{L}\p{N}]/u.test(word)) return this.#star(end)
    const folded = foldText(word)
    if (folded === '') return this.#wrong('word', end, 'there is nothing to look for but accents: write a letter')
    const isWord = cutWords(folded)[0] === folded
    return this.#right(end, { kind: isWord ? 'word' : 'phrase', text: word })
  }

  #operator(word: string, end: number): QueryPart {
    const problem = {
      AND: 'all parts must fit anyway: leave AND out',
      OR: 'all parts must fit; for one or the other write level:warn,error or field.a=1,2 or /one|other/',
      NOT: 'write - directly before what is left out: -word',
    }[word]
    return this.#wrong('word', end, `${problem}. To look for the word itself, write "${word}"`)
  }

  #star(end: number): QueryPart {
    return this.#wrong(
      'word',
      end,
      'a * stands only at the end of a word; within one write a pattern, /foo.*bar/, or all in quotes',
    )
  }

  #prefix(beginning: string, end: number): QueryPart {
    if (beginning.includes('*') && this.#text[end - 2] !== '"') return this.#star(end)
    const folded = foldText(beginning)
    const last = [...folded].at(-1)
    if (last === undefined || !isLetterAt(last, 0)) {
      return this.#wrong(
        'word',
        end,
        'a * stands after the beginning of a word: err*; write "*" in quotes to look for the sign',
      )
    }
    return this.#right(end, { kind: 'word', text: beginning, prefix: true })
  }
}
