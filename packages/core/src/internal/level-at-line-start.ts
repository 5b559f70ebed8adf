/** The levels that only a line's first characters can tell: a syslog `<PRI>`, the letters of glog, Ruby and Android, Redis's marks. */

import { classOf, codeAt, DIGIT, isDigitAt, skipDigits, UPPER } from './char-class.ts'
import { NONE, rankOfLetter, rankOfSyslogSeverity } from './level-words.ts'

/** The highest syslog PRI: facility 23, severity 7 (RFC 5424, section 6.2.1). */
const maxPri = 191

/** How far from its start a logcat line's tag may end, in code units: Android cuts tags at 23, kernel ones run longer. */
const maxTagLength = 64

/** The rank that the characters from `first` on tell by their place, or {@link NONE}. */
export function rankAtLineStart(text: string, first: number, end: number): number {
  if (first >= end) return NONE
  const code = text.charCodeAt(first)
  if (code === 60) return rankOfPri(text, first, end)
  const bits = classOf(code)
  if ((bits & DIGIT) !== 0 || code === 91) return rankOfRedisMark(text, first, end)
  if ((bits & UPPER) !== 0) return rankOfFirstLetter(text, first, end)
  return NONE
}

/** `<34>`: the severity is the PRI modulo 8. */
function rankOfPri(text: string, first: number, end: number): number {
  const close = skipDigits(text, first + 1, Math.min(end, first + 4))
  if (close === first + 1 || close >= end || text.charCodeAt(close) !== 62) return NONE
  let pri = 0
  for (let i = first + 1; i < close; i++) pri = pri * 10 + text.charCodeAt(i) - 48
  return pri > maxPri ? NONE : rankOfSyslogSeverity(pri & 7)
}

function rankOfFirstLetter(text: string, first: number, end: number): number {
  const rank = rankOfLetter(text.charCodeAt(first))
  if (rank === NONE || first + 3 >= end) return NONE
  const next = text.charCodeAt(first + 1)
  // glog: E0720 12:34:56.789012, or with the year E20260720 12:34:56.
  if ((classOf(next) & DIGIT) !== 0) {
    const digitsEnd = skipDigits(text, first + 1, Math.min(end, first + 10))
    const length = digitsEnd - first - 1
    const isGlog = (length === 4 || length === 8) && codeAt(text, digitsEnd, first, end) === 32
    return isGlog && isDigitAt(text, digitsEnd + 1, end) && codeAt(text, digitsEnd + 3, first, end) === 58 ? rank : NONE
  }
  // Ruby: E, [2026-07-20T12:34:56.789012 #4242]
  if (next === 44) return text.charCodeAt(first + 2) === 32 && text.charCodeAt(first + 3) === 91 ? rank : NONE
  // logcat -v tag: E/ActivityManager: …, and -v brief: E/ActivityManager( 1702): …
  if (next === 47) {
    const bound = Math.min(end, first + maxTagLength)
    for (let i = first + 2; i < bound; i++) {
      const code = text.charCodeAt(i)
      if (code === 58) return i > first + 2 && codeAt(text, i + 1, first, end) === 32 ? rank : NONE
      if (code === 47) return NONE
    }
  }
  // logcat -v process: E( 1702) …
  if (next === 40) {
    let i = first + 2
    while (codeAt(text, i, first, end) === 32) i++
    const close = skipDigits(text, i, end)
    return close > i && codeAt(text, close, first, end) === 41 ? rank : NONE
  }
  return NONE
}

/** `1234:M 21 Nov 2026 10:00:00.123 * Ready`, before Redis 3 `[1234] 21 Nov 10:00:00.123 * Ready`. */
function rankOfRedisMark(text: string, first: number, end: number): number {
  const isOld = text.charCodeAt(first) === 91
  const pid = isOld ? first + 1 : first
  let i = skipDigits(text, pid, Math.min(end, pid + 11))
  if (i === pid || i + 20 > end) return NONE
  if (isOld) {
    if (text.charCodeAt(i) !== 93) return NONE
  } else {
    if (text.charCodeAt(i) !== 58 || (classOf(text.charCodeAt(i + 1)) & UPPER) === 0) return NONE
    i++
  }
  i++
  // The day, the month, the year unless it is an old one, the time, then the mark.
  for (let blanks = isOld ? 4 : 5; blanks > 0; blanks--) {
    if (text.charCodeAt(i) !== 32) return NONE
    i++
    const isDay = blanks === (isOld ? 4 : 5)
    if (isDay && !isDigitAt(text, i, end)) return NONE
    if (blanks === 1) break
    const bound = Math.min(end, i + 14)
    while (i < bound && text.charCodeAt(i) !== 32) i++
    if (i >= bound) return NONE
  }
  if (codeAt(text, i + 1, first, end) !== 32) return NONE
  switch (codeAt(text, i, first, end)) {
    case 35: // #
      return 4
    case 42: // *
      return 3
    case 45: // -
    case 46: // .
      return 2
    default:
      return NONE
  }
}
