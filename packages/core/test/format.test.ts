import { describe, expect, it } from 'vitest'
import type { LogEntry } from '../src/entry.ts'
import { formatter } from '../src/format.ts'
import { textFormat } from '../src/text-format.ts'
import { encodeEntry } from '../src/wire.ts'

const entry: LogEntry = {
  time: Date.UTC(2026, 0, 31, 23, 59, 59, 7),
  source: 'app.log',
  level: 'error',
  message: 'out of disk',
  fields: { code: 28, user: { id: 'u1', tags: ['a'] }, 'http.method': 'GET', none: null },
}
const bare: LogEntry = { time: entry.time, source: 'stdin', message: 'hello' }

describe('formatter', () => {
  it('gives the message alone for raw and the wire form for json', () => {
    expect(formatter('raw')(entry)).toBe('out of disk')
    expect(formatter('json')(entry)).toBe(encodeEntry(entry))
  })

  it('gives a function back as it is', () => {
    const own = (given: LogEntry): string => given.source
    expect(formatter(own)).toBe(own)
  })

  it('refuses an unknown name and says which there are', () => {
    expect(() => formatter('xml' as never)).toThrow(/'raw', 'json' or a function.*got "xml"/)
    expect(() => formatter(undefined as never)).toThrow(
      expect.objectContaining({ code: 'BAD_OPTION', option: 'format' }),
    )
  })
})

describe('textFormat', () => {
  it('writes time, level, source, message and fields by default', () => {
    expect(textFormat()({ ...entry, fields: { code: 28 } })).toBe(
      '[2026-01-31T23:59:59.007Z] [ERROR] app.log - out of disk {"code":28}',
    )
  })

  it('shows a missing level as a dash and leaves out fields that are not there', () => {
    expect(textFormat()(bare)).toBe('[2026-01-31T23:59:59.007Z] [-] stdin - hello')
    expect(textFormat()({ ...bare, fields: {} })).toBe('[2026-01-31T23:59:59.007Z] [-] stdin - hello')
    expect(textFormat('<{level}|{fields}|{ fields.a}>', { missing: '' })(bare)).toBe('<||>')
  })

  it('finds one field by its whole name, then by its path, and only own ones', () => {
    const show = (template: string): string => textFormat(template)(entry)
    expect(show('{fields.user.id} {fields.http.method} {fields.code} {fields.user.tags}')).toBe('u1 GET 28 ["a"]')
    expect(show('{fields.constructor} {fields.user.id.length} {fields.none} {fields.user.__proto__}')).toBe('- - - -')
  })

  it('changes and pads in the order given', () => {
    expect(textFormat('{level:upper:7}|{level:>7}|{source:upper:lower}|{message:5}')(entry)).toBe(
      'ERROR  |  error|app.log|out of disk',
    )
    expect(textFormat('{level:6}|')(bare)).toBe('-     |')
    expect(textFormat('a{ level:upper:6}b')(entry)).toBe('a ERROR b')
  })

  it('writes doubled braces as one and all other text as it is', () => {
    expect(textFormat('{{{source}}} {{message}} $& \\n ${1}'.replace('${1}', ''))(entry)).toBe(
      '{app.log} {message} $& \\n ',
    )
    expect(textFormat('')(entry)).toBe('')
  })

  it('never looks for placeholders in what the entry says', () => {
    expect(textFormat('{message} {source}')({ ...entry, message: '{source} {{ }' })).toBe('{source} {{ } app.log')
  })

  it('writes the time in UTC, with the offset of the process, or as ms since the epoch', () => {
    expect(textFormat('{time:epoch}')(entry)).toBe(String(entry.time))
    const local = textFormat('{time:local}')(entry)
    expect(local).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.007[+-]\d\d:\d\d$/)
    expect(Date.parse(local)).toBe(entry.time)
    expect(textFormat('{time} {time:local} {time:epoch}')({ ...bare, time: Number.NaN })).toBe('- - -')
  })

  it('keeps an escaped message on one line and out of the terminal', () => {
    expect(textFormat('{message:escaped}')({ ...bare, message: 'a\r\n\tb\u001b[31m\u2028c' })).toBe(
      'a\\r\\n\\tb\\u001b[31m\\u2028c',
    )
  })

  it.each([
    ['{nope}', /`\{nope\}` at position 0 is no placeholder.*\{time\}.*\{fields\.name\}/],
    ['ab {fields.}', /position 3 is no placeholder/],
    ['{}', /is no placeholder/],
    ['{ }', /is no placeholder/],
    ['{constructor}', /is no placeholder/],
    ['{level:shout}', /`:shout`.*unknown/],
    ['{level:local}', /`:local`/],
    ['{level:1001}', /width up to 1000/],
    ['{level:0}', /unknown/],
    ['{level', /a lone `\{` at position 0: write `\{\{`/],
    ['level}', /a lone `\}` at position 5/],
  ])('refuses the template %s when it is made', (template, message) => {
    expect(() => textFormat(template)).toThrow(message)
    expect(() => textFormat(template)).toThrow(expect.objectContaining({ code: 'BAD_OPTION', option: 'template' }))
  })

  it('refuses unknown options', () => {
    expect(() => textFormat('', { mising: '' } as never)).toThrow(/`mising` is no option/)
  })
})
