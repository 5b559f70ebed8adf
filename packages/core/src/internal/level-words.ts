/** The words, letters and numbers that loggers write for a level. Levels are ranks here: 0 none, 1 trace … 6 fatal. */

import { classOf, codeAt, DIGIT, skipDigits } from './char-class.ts'
import { WordTable } from './word-table.ts'

/** No level. */
export const NONE = 0
const TRACE = 1
const DEBUG = 2
const INFO = 3
const WARN = 4
const ERROR = 5
const FATAL = 6

/** A bit beside the rank: the word is too common to be a level unless something marks it as one: `[Note]`, `LOG:`. */
export const MARKED_ONLY = 8
/** A code instead of a rank: the word is a name such as `level`, which a level may follow. */
export const NAME = 16
/** The rank in the code of a word. */
export const RANK = 7

/** The longest word below. */
const maxLevelWordLength = 13

/** All words, whatever the logger; what a word needs around it to count is the scanner's business. */
const levelWords = new WordTable({
  trace: TRACE,
  trc: TRACE,
  trce: TRACE,
  trac: TRACE,
  silly: TRACE | MARKED_ONLY,
  finest: TRACE | MARKED_ONLY,
  finer: TRACE | MARKED_ONLY,
  vrb: TRACE,

  debug: DEBUG,
  dbg: DEBUG,
  dbug: DEBUG,
  debu: DEBUG,
  // Above debug for some libraries (winston), below it for others (Serilog, Android): so a filter for debug keeps it.
  verbose: DEBUG,
  fine: DEBUG | MARKED_ONLY,
  config: DEBUG | MARKED_ONLY,

  info: INFO,
  inf: INFO,
  information: INFO | MARKED_ONLY,
  informational: INFO | MARKED_ONLY,
  notice: INFO,
  note: INFO | MARKED_ONLY,
  log: INFO | MARKED_ONLY,
  system: INFO | MARKED_ONLY,
  success: INFO | MARKED_ONLY,

  warn: WARN,
  warning: WARN,
  wrn: WARN,

  error: ERROR,
  err: ERROR,
  erro: ERROR,
  eror: ERROR,
  severe: ERROR,
  failure: ERROR,
  fail: ERROR | MARKED_ONLY,

  fatal: FATAL,
  ftl: FATAL,
  fata: FATAL,
  critical: FATAL,
  crit: FATAL,
  panic: FATAL,
  pani: FATAL,
  pnc: FATAL,
  dpanic: FATAL,
  emerg: FATAL,
  emergency: FATAL,
  alert: FATAL,

  level: NAME,
  lvl: NAME,
  severity: NAME,
  loglevel: NAME,
  log_level: NAME,
  levelname: NAME,
  // Heroku's router: at=error
  at: NAME,
})

/** The rank of a word that is known to be a level's, in any case; {@link NONE} when it means none. */
export function rankOfLevelWord(word: string): number {
  if (word.length === 1) return rankOfLetter(word.charCodeAt(0) & ~32)
  const code = levelWords.find(word, 0, word.length)
  return code === NAME ? NONE : code & RANK
}

/** Whether any level word begins with that letter and is that long: tells most words that are none at once. */
export function mayBeLevelWord(firstLetter: number, length: number): boolean {
  // A digit may follow the word: DEBUG2, trace8.
  return levelWords.mayHold(firstLetter, length) || levelWords.mayHold(firstLetter, length - 1)
}

/**
 * The rank that a single letter stands for (glog, Android, MongoDB, Ruby), or {@link NONE}.
 * `V` is the least of Android's and Serilog's levels, hence trace, whereas the word VERBOSE is debug.
 */
export function rankOfLetter(code: number): number {
  switch (code) {
    case 70: // F
    case 67: // C
      return FATAL
    case 69: // E
      return ERROR
    case 87: // W
      return WARN
    case 73: // I
    case 78: // N
      return INFO
    case 68: // D
      return DEBUG
    case 86: // V
    case 84: // T
      return TRACE
    default:
      return NONE
  }
}

/** The rank of a syslog severity, 0 (emergency) to 7 (debug). */
export function rankOfSyslogSeverity(severity: number): number {
  if (severity <= 2) return FATAL
  if (severity === 3) return ERROR
  if (severity === 4) return WARN
  return severity === 7 ? DEBUG : INFO
}

/** The rank of one of pino's and Bunyan's numbers, 10 (trace) to 69 (fatal); a custom level such as 35 is the one below it. */
export function rankOfTens(number: number): number {
  return number >= 10 && number < 70 ? Math.trunc(number / 10) : NONE
}

/**
 * The rank of the word that fills `from` to `to`; digits after it (`DEBUG2`, `trace8`) do not matter.
 * May carry {@link MARKED_ONLY}, or be {@link NAME}.
 */
export function codeOfLevelWord(text: string, from: number, to: number): number {
  let wordEnd = to
  while (wordEnd > from && (classOf(text.charCodeAt(wordEnd - 1)) & DIGIT) !== 0) wordEnd--
  const code = levelWords.find(text, from, wordEnd)
  // Only Apache's trace1–trace8 and PostgreSQL's DEBUG1–DEBUG5 are numbered; `WARN2` or `level3` is a name of some other thing.
  if (wordEnd !== to && code !== TRACE && code !== DEBUG) return NONE
  return code
}

/** The rank that the value of a level's name tells: a word, a letter, or a number, in quotes or not; else {@link NONE}. */
export function rankOfValue(text: string, index: number, end: number, onlyLetter: boolean, isSyslog: boolean): number {
  let from = index
  let code = codeAt(text, from, index, end)
  // An object inside a string, as Docker writes it, has its quotes escaped.
  if (code === 92) code = codeAt(text, ++from, index, end)
  if (code === 34 || code === 39) from++
  const bound = from + maxLevelWordLength + 2 < end ? from + maxLevelWordLength + 2 : end
  const digitsEnd = skipDigits(text, from, bound)
  if (digitsEnd > from) {
    if ((classOf(codeAt(text, digitsEnd, from, end)) & 1) !== 0 || digitsEnd - from > 2) return NONE
    let number = 0
    for (let i = from; i < digitsEnd; i++) number = number * 10 + text.charCodeAt(i) - 48
    if (isSyslog) return number < 8 ? rankOfSyslogSeverity(number) : NONE
    return rankOfTens(number)
  }
  let to = from
  while (to < bound && (classOf(text.charCodeAt(to)) & 1) !== 0) to++
  if (to === from || (to === bound && bound < end)) return NONE
  const first = text.charCodeAt(from) & ~32
  if (to === from + 1 || (to === from + 2 && first === 68 && (classOf(text.charCodeAt(from + 1)) & DIGIT) !== 0)) {
    return rankOfLetter(first)
  }
  if (onlyLetter) return NONE
  const found = codeOfLevelWord(text, from, to)
  return found === NAME ? NONE : found & RANK
}
