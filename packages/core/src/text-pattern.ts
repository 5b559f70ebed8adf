/** Patterns that come as text, from a configuration or a query: no text makes them slow. */

import { RE2JS } from 're2js'
import { LogwispError } from './errors.ts'
import { simpleRegExp } from './internal/simple-pattern.ts'
import { checkArgument, checkOptions, option } from './options.ts'

/** The longest pattern that is accepted, in characters. */
export const maxPatternLength = 1_000

/** How many elements a pattern may have once its repetitions are written out; each can cost a step for each character of a text. */
export const maxPatternSize = 2_000

/** Options of {@link textPattern}. */
export interface TextPatternOptions {
  /**
   * Whether upper and lower case are the same; as `(?i)` before the pattern.
   *
   * @default false
   */
  readonly ignoreCase?: boolean
}

/** A compiled pattern. It has no state: one can be used by many stages. */
export interface TextPattern {
  /** The pattern as it was given. */
  readonly text: string
  /**
   * The same pattern for JavaScript's own engine, when it is simple enough for that to be linear too; else `undefined`.
   *
   * In a text of lines ended by `\n` it finds a match within a line exactly when `test(line)` is true: `^` and `$` are each
   * line's. No match is empty or crosses a line. Where lines end with `\r\n`, the `\r` counts as a part of the line.
   * It has no `g` or `y` flag. How far a match reaches is not that of the pattern: only which lines have one.
   */
  readonly regexp: RegExp | undefined
  /** Whether the pattern matches anywhere in `text`, in time linear to its length. `^` and `$` are the text's, whatever lines it has. */
  test(text: string): boolean
}

/**
 * Compiles a pattern in RE2's syntax (https://github.com/google/re2/wiki/Syntax): no look-around, no back references, and
 * `(?i)`, `(?s)`, `(?m)`, `\A`, `\z`, `(?P<name>…)`, `[[:alpha:]]`, `\pL` as in Go. `\d`, `\w`, `\s` and `\b` are ASCII.
 *
 * Limits: {@link maxPatternLength} characters, {@link maxPatternSize} elements with repetitions written out, `{1000}` at most.
 *
 * @throws LogwispError `BAD_PATTERN` when the text is no such pattern or beyond a limit; says what is wrong and where.
 * @throws OptionError `BAD_OPTION` for an unknown option.
 */
export function textPattern(text: string, options: TextPatternOptions = {}): TextPattern {
  checkArgument('textPattern', 'text', text, { expected: 'a string', accepts: (value) => typeof value === 'string' })
  checkOptions('textPattern', options, { ignoreCase: option.boolean })
  const ignoreCase = options.ignoreCase ?? false
  checkSize(text)
  const compiled = compile(text, ignoreCase)
  const regexp = simpleRegExp(text, ignoreCase)
  return Object.freeze({
    text,
    regexp,
    test:
      regexp === undefined
        ? (given: string) => compiled.test(given)
        : (given: string) => (given.includes('\n') ? compiled.test(given) : regexp.test(given)),
  })
}

function badPattern(text: string, reason: string, cause?: unknown): LogwispError {
  const shown = text.length > 100 ? `${text.slice(0, 100)}…` : text
  return new LogwispError('BAD_PATTERN', `bad pattern ${JSON.stringify(shown)}: ${reason}`, { cause })
}

function compile(text: string, ignoreCase: boolean): RE2JS {
  try {
    return RE2JS.compile(text, ignoreCase ? RE2JS.CASE_INSENSITIVE : 0)
  } catch (cause) {
    const reason = (cause as Error).message.replace(/^error parsing regexp: /, '')
    const fragment = /`(.*)`$/s.exec(reason)?.[1] ?? ''
    const at = text.indexOf(fragment)
    const where = fragment !== '' && at !== -1 && at === text.lastIndexOf(fragment) ? ` at position ${at}` : ''
    throw badPattern(text, `${reason}${where}`, cause)
  }
}

/** A class, an escape with its braces, a repetition, the opening of a group, or any one character. */
const token =
  /\[\^?\]?(?:\[:\^?\w*:\]|\\.|[^\]\\])*\]|\\[pPx]\{[^}]*\}|\\.|\{(\d+)(?:,(\d*))?\}|\((?:\?[^:)]*[:>)])?|./gsu

/**
 * Adds up elements with repetitions written out. A reading coarser than the engine's own, which runs before it: the engine
 * bounds each repetition and what they multiply to at 1,000, but not how many there are, nor how much each repeats.
 */
function checkSize(text: string): void {
  if (text.length > maxPatternLength) {
    throw badPattern(text, `it has ${text.length} characters, at most ${maxPatternLength} are accepted`)
  }
  const around: number[] = []
  let sum = 0
  let last = 0
  for (const { 0: found, 1: least, 2: most, index } of text.matchAll(token)) {
    if (least !== undefined) {
      const times = Math.max(Number(least), Number(most ?? 0), 1)
      sum += last * (times - 1)
      last *= times
    } else if (found.startsWith('(') && !found.endsWith(')')) {
      around.push(sum)
      sum = 0
      last = 0
    } else if (found === ')') {
      last = sum + 1
      sum = (around.pop() ?? 0) + last
    } else {
      last = 1
      sum += 1
    }
    if (sum > maxPatternSize) {
      throw badPattern(
        text,
        `with its repetitions written out it has over ${maxPatternSize} elements at position ${index}`,
      )
    }
  }
}
