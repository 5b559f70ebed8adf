/** What is wrong with a template. */

import { LogwispError } from '@logwisp/core'

/** An error of a template: found when it is read, so with the place. `position` counts characters from 0. */
export function badTemplate(template: string, position: number, words: string): LogwispError {
  const before = template.slice(0, position)
  const line = before.split('\n').length
  const column = position - before.lastIndexOf('\n')
  return new LogwispError('BAD_OPTION', `line ${line}, column ${column}: ${words}`)
}

/** What goes wrong when an entry is put into a template; the entry is then written in another way. */
export class TemplateFailure extends Error {
  override readonly name = 'TemplateFailure'
}
