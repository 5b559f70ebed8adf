/** Which entries pass, and how many. */

import { LogwispError, textPattern } from '@logwisp/core'
import { z } from 'zod'

/** How many entries pass. */
export const rateLimit = z
  .strictObject({
    rate: z.number().min(0).default(0).describe('Entries per second; 0 is no bound.'),
    burst: z
      .number()
      .min(0)
      .default(0)
      .describe('Entries at once after a quiet time; 0 is as many as `rate`, and at least 1.'),
    policy: z
      .enum(['pass', 'drop', 'wait'])
      .default('pass')
      .describe('What becomes of more: `pass` lets them through, `drop` drops them, `wait` slows the sources down.'),
    max_entry_size_bytes: z
      .int()
      .min(0)
      .default(0)
      .describe('Longer entries are dropped, whatever `rate` and `policy` say; 0 is no bound.'),
  })
  .meta({ title: 'rate_limit' })

/** Compiled here, so that a bad one is told with all else that is wrong, before anything starts. */
const pattern = z.string().superRefine((text, context) => {
  try {
    textPattern(text)
  } catch (error) {
    if (!(error instanceof LogwispError)) throw error
    context.addIssue({ code: 'custom', message: `is no regular expression of RE2: ${error.message}` })
  }
})

const match = z
  .strictObject({
    type: z
      .enum(['include', 'exclude'])
      .default('include')
      .describe('Whether entries that match pass, or those that do not.'),
    logic: z.enum(['or', 'and']).default('or').describe('Whether one pattern has to match, or all.'),
    patterns: z
      .array(pattern)
      .default([])
      .describe("Regular expressions in RE2's syntax; with none everything passes."),
    ignore_case: z.boolean().default(false).describe('Whether upper and lower case are the same; as `(?i)`.'),
    text: z
      .enum(['source-level-message', 'message'])
      .default('source-level-message')
      .describe('What is matched: source, level and message with a space between, or the message alone.'),
  })
  .describe('Entries that match patterns, or that do not.')

const level = z
  .strictObject({
    type: z.literal('level').describe('By level.'),
    minimum: z
      .enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal'])
      .describe('Entries of this level and of worse ones pass.'),
    when_unknown: z
      .enum(['pass', 'drop'])
      .default('pass')
      .describe('What becomes of an entry that tells no level, such as a line of a stack trace.'),
  })
  .describe('Entries of a level, and of worse ones.')

/** Which entries pass. */
export const filter = z.discriminatedUnion('type', [match, level])
