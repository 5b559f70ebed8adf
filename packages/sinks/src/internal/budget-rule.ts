/** The rule of the option `budget` of sinks that hold entries. */

import { type OptionRule, option } from '@logwisp/core'

export const budgetRule: OptionRule = option.having('what byteBudget() returns', 'join', 'within')
