/** The first thing in the head of a line of free text that is written as loggers write a level. */

import {
  classOf,
  codeAt,
  DIGIT,
  LEFT,
  LOWER,
  NEAR_SMALL,
  OUTSIDE,
  RIGHT,
  skipBlanks,
  skipColour,
  UPPER,
  WORD,
} from './char-class.ts'
import {
  codeOfLevelWord,
  MARKED_ONLY,
  mayBeLevelWord,
  NAME,
  NONE,
  RANK,
  rankOfLetter,
  rankOfSyslogSeverity,
  rankOfValue,
} from './level-words.ts'
import { isJsonObject } from './named-values.ts'

const TAB = 9
const ESC = 27
const SPACE = 32
const BANG = 33
const QUOTE = 34
const PERCENT = 37
const OPEN_PARENTHESIS = 40
const COMMA = 44
const DASH = 45
const DOT = 46
const SLASH = 47
const COLON = 58
const LESS = 60
const EQUALS = 61
const GREATER = 62
const OPEN_BRACKET = 91
const BACKSLASH = 92
const CLOSE_BRACKET = 93
const OPEN_BRACE = 123
const BAR = 124

/** So many words of prose in a row end the head: what comes after them is the message. A host and a program come in twos. */
const maxProseWords = 2

/** How far back from a word the time before it may begin, in code units: `2026-11-21T10:00:00.123456789+05:30` has 35. */
const maxTimeLength = 40

/** `+0100`, `CEST`, `PM`. */
const maxZoneLength = 5

/**
 * The rank of the first level in `first` to `to`, or 0 when there is none. A JSON object amid the line has the last word
 * on it: then the answer is the bitwise complement of the index of its brace, below 0.
 *
 * @param end Where the line ends; only what stands after a word that begins before `to` is looked at beyond `to`.
 */
export function levelInHead(text: string, first: number, to: number, end: number): number {
  // True while every word so far began with a digit, as those of a time and of process ids do.
  let onlyNumbers = true
  let colourEnd = -1
  let proseEnd = -1
  let prose = 0
  let i = first
  while (i < to) {
    const code = text.charCodeAt(i)
    const bits = classOf(code)
    if ((bits & WORD) !== 0) {
      const from = i
      do i++
      while (i < to && (classOf(text.charCodeAt(i)) & WORD) !== 0)
      if ((bits & (UPPER | LOWER)) === 0) continue
      const length = i - from
      if (mayBeLevelWord(code, length)) {
        const right = codeAt(text, i, first, end)
        const left = from === colourEnd ? ESC : codeAt(text, from - 1, first, end)
        if ((bits & UPPER) !== 0 || (classOf(left) & classOf(right) & NEAR_SMALL) !== 0) {
          const rank = rankOfWord(text, first, from, i, end, left, right, onlyNumbers)
          if (rank !== NONE) return rank
        }
      } else if (length <= 2 && (bits & UPPER) !== 0 && from > first) {
        const rank = rankOfLoneLetter(text, first, from, i, end, onlyNumbers)
        if (rank !== NONE) return rank
      }
      onlyNumbers = false
      if ((bits & LOWER) !== 0 && i < to && text.charCodeAt(i) === SPACE) {
        prose = from === proseEnd ? prose + 1 : 1
        if (prose > maxProseWords) return NONE
        proseEnd = i + 1
      }
      continue
    }
    i++
    if (code === ESC) {
      i = skipColour(text, i - 1, to)
      colourEnd = i
    } else if (code === OPEN_BRACE) {
      if (isJsonObject(text, i - 1, end)) return ~(i - 1)
    } else if (code === OPEN_BRACKET) {
      if (isAccessTime(text, i, end)) return NONE
    } else if (code === PERCENT) {
      const rank = rankOfCisco(text, i, to)
      if (rank !== NONE) return rank
    }
  }
  return NONE
}

function rankOfWord(
  text: string,
  first: number,
  from: number,
  to: number,
  end: number,
  left: number,
  right: number,
  onlyNumbers: boolean,
): number {
  const code = codeOfLevelWord(text, from, to)
  if (code === NONE) return NONE
  if (code === NAME) return rankAfterName(text, first, to, end, left, right)
  const isCapitals = isInCapitals(text, from, to)
  if (isCapitals && (code & MARKED_ONLY) === 0 && isSetApart(text, first, from, to, end, left, right)) return code
  const isMarked =
    isBracketed(text, first, from, to, end, left, right) ||
    (left === ESC && (right === ESC || right === COLON || right === OPEN_BRACKET)) ||
    isLabel(text, first, from, to, end, left, right)
  if ((code & MARKED_ONLY) !== 0) {
    if (isMarked) return code & RANK
    // `Log 1 was read`, `System started`: so sentences begin.
    const isWord = isCapitals || (onlyNumbers && (classOf(text.charCodeAt(from)) & LOWER) !== 0)
    return isWord && isBlank(right) && isAfterTime(text, first, from) ? code & RANK : NONE
  }
  if (isMarked) return code
  if (left === TAB || left === OUTSIDE) {
    // zap's console writes tabs, Next.js `error - text`.
    if (right === TAB) return code
    if (left === OUTSIDE && right === SPACE) {
      const dash = skipBlanks(text, to, end)
      if (codeAt(text, dash, first, end) === DASH && codeAt(text, dash + 1, first, end) === SPACE) return code
    }
  }
  if (onlyNumbers && (isBlank(right) || right === OUTSIDE || right === COMMA) && isAfterTime(text, first, from))
    return code
  return isFatalError(text, to, end, code) ? code : NONE
}

function isBlank(code: number): boolean {
  return code === SPACE || code === TAB
}

/** The place of what stands before the blanks that end at `from`; one before `first` when nothing does. */
function lastBeforeBlanks(text: string, first: number, from: number): number {
  let i = from - 1
  while (i >= first && isBlank(text.charCodeAt(i))) i--
  return i
}

/** Whether `[error]`, `[error  ]`, `[core:error]`, `<error>` or `| error |`. */
function isBracketed(
  text: string,
  first: number,
  from: number,
  to: number,
  end: number,
  left: number,
  right: number,
): boolean {
  let after = right
  if (isBlank(right)) after = codeAt(text, skipBlanks(text, to, end), first, end)
  if (after !== CLOSE_BRACKET && after !== GREATER && after !== BAR) return false
  const open = lastBeforeBlanks(text, first, from)
  const before = codeAt(text, open, first, end)
  if (after === BAR) return before === BAR || left === OUTSIDE || isAfterTime(text, first, from)
  if (after === GREATER) return before === LESS
  // Apache: the module stands before the level.
  if (before === COLON && left === COLON) return true
  if (before === OPEN_BRACKET) return (classOf(codeAt(text, open - 1, first, end)) & WORD) === 0
  return isAfterTime(text, first, from)
}

/** Whether `error: …` at the line's start or after something that is not prose. */
function isLabel(
  text: string,
  first: number,
  from: number,
  to: number,
  end: number,
  left: number,
  right: number,
): boolean {
  if (right !== COLON) return false
  if (left === OUTSIDE || left === ESC) return true
  const next = codeAt(text, to + 1, first, end)
  if (next !== SPACE && next !== TAB && next !== OUTSIDE) return false
  if (!isBlank(left)) return false
  const i = lastBeforeBlanks(text, first, from)
  const before = codeAt(text, i, first, end)
  const bits = classOf(before)
  if ((bits & (UPPER | LOWER)) === 0) return before !== COMMA
  return isAfterTime(text, first, from) || (before === 80 && i - 2 >= first && text.startsWith('PHP', i - 2))
}

/** Whether the compilers' and PHP's `fatal error:`. */
function isFatalError(text: string, to: number, end: number, code: number): boolean {
  return code === 6 && to + 7 <= end && text.startsWith(' error:', to)
}

function isInCapitals(text: string, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if ((classOf(text.charCodeAt(i)) & (UPPER | DIGIT)) === 0) return false
  return true
}

/** Whether the word in capitals stands by itself and is not a part of a name, a path, a code or an assignment. */
function isSetApart(
  text: string,
  first: number,
  from: number,
  to: number,
  end: number,
  left: number,
  right: number,
): boolean {
  if (left === ESC || (classOf(left) & LEFT) !== 0) {
    if ((classOf(right) & RIGHT) !== 0) return right !== BANG || codeAt(text, to + 1, first, end) === SPACE
    // Celery: [2026-11-21 10:00:00,123: INFO/MainProcess]
    return right === SLASH && left === SPACE && codeAt(text, from - 2, first, end) === COLON
  }
  // Python: ERROR:root:text with a name before it.
  if (left === COLON) return right === COLON || right === CLOSE_BRACKET
  // [CardDAVPlugin-ERROR]
  if (left === DASH) return right === CLOSE_BRACKET
  // Monolog: production.ERROR: text
  if (left === DOT) return right === COLON
  // Minecraft: [Server thread/WARN]: text
  if (left === SLASH) return right === CLOSE_BRACKET
  // RabbitMQ before 3.7: =ERROR REPORT====
  return left === EQUALS && from - 1 === first && isBlank(right)
}

/** Whether the word at `from` comes right after a time of day. */
function isAfterTime(text: string, first: number, from: number): boolean {
  const bound = Math.max(first, from - maxTimeLength)
  let i = from - 1
  while (i >= bound) {
    const code = text.charCodeAt(i)
    if (code !== SPACE && code !== TAB && code !== COMMA && code !== CLOSE_BRACKET && code !== BAR) break
    i--
  }
  if (i === from - 1) return false
  let tokenEnd = i
  for (; i > bound; i--) {
    const code = text.charCodeAt(i)
    if (isBlank(code)) {
      // A zone or AM and PM may come between.
      if (tokenEnd < 0 || tokenEnd - i > maxZoneLength) return false
      tokenEnd = -1
    }
    if (
      code === COLON &&
      (classOf(codeAt(text, i - 1, first, from)) & DIGIT) !== 0 &&
      (classOf(codeAt(text, i + 1, first, from)) & DIGIT) !== 0
    ) {
      return true
    }
  }
  return false
}

/** Logcat's ` E Tag: ` or ` E/Tag(1702): ` and MongoDB's ` I NETWORK  ` in a line that begins with a date, or `| I |`. */
function rankOfLoneLetter(
  text: string,
  first: number,
  from: number,
  to: number,
  end: number,
  onlyNumbers: boolean,
): number {
  if (text.charCodeAt(from - 1) !== SPACE) return NONE
  const right = codeAt(text, to, first, end)
  if (right === SPACE && codeAt(text, to + 1, first, end) === BAR && codeAt(text, from - 2, first, end) === BAR) {
    return to === from + 1 ? rankOfLetter(text.charCodeAt(from)) : NONE
  }
  if (!onlyNumbers) return NONE
  const isNumbered = to === from + 2 && text.charCodeAt(from) === 68
  if (to !== from + 1 && !isNumbered) return NONE
  if (codeAt(text, first + 2, first, end) !== DASH && codeAt(text, first + 4, first, end) !== DASH) return NONE
  return right === SPACE || right === SLASH ? rankOfLetter(text.charCodeAt(from)) : NONE
}

/** The value after a name such as `level` in a line of free text: `level=error`, `level:error`, `"level":"error"`. */
function rankAfterName(text: string, first: number, to: number, end: number, left: number, right: number): number {
  if ((classOf(left) & LEFT) === 0 && left !== QUOTE && left !== OPEN_PARENTHESIS && left !== ESC) return NONE
  let i = to
  if (right === BACKSLASH) i++
  const isQuoted = codeAt(text, i, first, end) === QUOTE
  if (isQuoted !== (left === QUOTE)) return NONE
  if (isQuoted) i++
  if (left === ESC && codeAt(text, i, first, end) === ESC) i = skipColour(text, i, end)
  const sign = codeAt(text, i, first, end)
  if (sign !== EQUALS && sign !== COLON) return NONE
  i++
  if (isQuoted) i = skipBlanks(text, i, end)
  if (codeAt(text, i, first, end) === ESC) i = skipColour(text, i, end)
  return rankOfValue(text, i, end, false, false)
}

/** Whether `21/Nov/2026:10` follows, the time of an access line: what stands in its URL and its agent is no level. */
function isAccessTime(text: string, index: number, end: number): boolean {
  return (
    index + 12 < end &&
    text.charCodeAt(index + 2) === SLASH &&
    text.charCodeAt(index + 6) === SLASH &&
    text.charCodeAt(index + 11) === COLON
  )
}

/** Cisco: `%LINK-3-UPDOWN: …`, the digit is a syslog severity. */
function rankOfCisco(text: string, index: number, to: number): number {
  let i = index
  while (i < to && (classOf(text.charCodeAt(i)) & (UPPER | DIGIT)) !== 0) i++
  if (i === index || i + 2 >= to || text.charCodeAt(i) !== DASH || text.charCodeAt(i + 2) !== DASH) return NONE
  const severity = text.charCodeAt(i + 1) - 48
  return severity >= 0 && severity <= 7 ? rankOfSyslogSeverity(severity) : NONE
}
