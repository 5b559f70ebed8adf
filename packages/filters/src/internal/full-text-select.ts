/**
 * Selects the lines of a batch by source, level and message with a space between, which is what the ancestor matched.
 *
 * A line is looked at closely only where that can make a difference: a plain text that stands in the message needs no level,
 * and one that stands in none of the heads which the batch's source can have needs no more than the message.
 */

import { type Batch, type LogLevel, logLevels } from '@logwisp/core'
import { type LineQuestion, selectLines } from './select-lines.ts'

/** What stands before the message: `app.log ERROR `, without what is missing. */
export function headOf(source: string, level: LogLevel | undefined): string {
  const head = level === undefined ? '' : `${level.toUpperCase()} `
  return source === '' ? head : `${source} ${head}`
}

/** Whether a head answers for all messages behind it, or not for any, or together with them. */
type HeadAnswer = 'matches' | 'needs-message' | 'leaves-it-to-message'

/** The heads of one source, and what they answer. */
interface Heads {
  readonly source: string
  readonly texts: ReadonlyMap<LogLevel | undefined, string>
  readonly answers: ReadonlyMap<LogLevel | undefined, HeadAnswer>
  /** Whether no head has a say. */
  readonly leaveIt: boolean
}

/** Keeps exactly the lines whose source, level and message, put together, pass the test. */
export function fullTextSelect(question: LineQuestion): (batch: Batch) => Batch {
  const { test, search } = question
  let heads: Heads | undefined
  return (batch) => {
    if (heads?.source !== batch.source) heads = headsOf(batch.source, search?.texts)
    const { texts, answers, leaveIt } = heads
    const tested = (start: number, end: number, level: LogLevel | undefined): boolean =>
      test((texts.get(level) as string) + batch.message(start, end))
    if (search?.texts === undefined) {
      return batch.select((start, end) => tested(start, end, batch.level(start, end)))
    }
    const byMessage = selectLines(batch, question)
    if (leaveIt) return byMessage
    const rest = batch.without(byMessage)
    const byHead = rest.select((start, end) => {
      const level = batch.level(start, end)
      const answer = answers.get(level)
      return answer === 'matches' || (answer === 'needs-message' && tested(start, end, level))
    })
    return batch.without(rest.without(byHead))
  }
}

function headsOf(source: string, wanted: readonly string[] = []): Heads {
  const levels = [undefined, ...logLevels]
  const texts = new Map(levels.map((level) => [level, headOf(source, level)]))
  const answers = new Map(levels.map((level) => [level, answerOf(texts.get(level) as string, wanted)]))
  return { source, texts, answers, leaveIt: [...answers.values()].every((answer) => answer === 'leaves-it-to-message') }
}

function answerOf(head: string, wanted: readonly string[]): HeadAnswer {
  if (wanted.some((text) => head.includes(text))) return 'matches'
  return wanted.some((text) => begunIn(head, text)) ? 'needs-message' : 'leaves-it-to-message'
}

/** Whether the text could begin in the head and end in the message. */
function begunIn(head: string, text: string): boolean {
  for (let length = 1; length < text.length; length++) if (head.endsWith(text.slice(0, length))) return true
  return false
}
