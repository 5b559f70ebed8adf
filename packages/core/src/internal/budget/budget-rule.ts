/** The rule of the option `budget` of stages that hold entries. */

import { type OptionRule, option } from '../../options.ts'

export const budgetRule: OptionRule = option.having('what byteBudget() returns', 'join', 'within')
