/** Formats of the configuration: the ancestor's JSON, Go's templates and times. */

import { readFileSync } from 'node:fs'
import { decodeEntry, type LogEntry } from '@logwisp/core'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type FormatOptions, formatFor, sinkFormat } from '../src/build/format.ts'
import { timeFormat } from '../src/build/formats/go-time.ts'
import { formatOptions } from '../src/config/schema/formats.ts'
import { pipelineOf } from './build-kit.ts'

const time = Date.UTC(2026, 0, 31, 23, 59, 59, 999)
const entry: LogEntry = { time, source: 'app.log', level: 'error', message: 'out of disk' }

function options(written: object = {}): FormatOptions {
  return formatOptions.parse(written)
}

function written(word: 'raw' | 'json' | 'text' | 'wire', given: LogEntry, more: object = {}): string {
  const format = formatFor(word, options(more), 'file')
  if (typeof format === 'string') throw new Error(`${format} is the library's own`)
  return format(given)
}

const json = (given: LogEntry, more?: object): string => written('json', given, more)
const text = (template: string, given: LogEntry = entry, more: object = {}): string =>
  written('text', given, { template, ...more })

function isTemplate(template: string): boolean {
  try {
    formatFor('text', options({ template }), 'file')
    return true
  } catch (error) {
    expect(error).toMatchObject({ code: 'BAD_OPTION' })
    return false
  }
}

describe('json', () => {
  test('has the four names in alphabetical order, the level in capitals', () => {
    expect(json(entry)).toBe(
      '{"level":"ERROR","message":"out of disk","source":"app.log","timestamp":"2026-01-31T23:59:59.999Z"}',
    )
  })

  test('has an empty level for an entry without one', () => {
    expect(JSON.parse(json({ time, source: 's', message: 'm' }))).toMatchObject({ level: '' })
  })

  test('has the names that the configuration gives', () => {
    const names = { timestamp_field: 'ts', level_field: 'lvl', message_field: 'msg', source_field: 'from' }
    expect(JSON.parse(json(entry, names))).toEqual({
      ts: '2026-01-31T23:59:59.999Z',
      lvl: 'ERROR',
      msg: 'out of disk',
      from: 'app.log',
    })
  })

  test('takes a message apart that is a JSON object, and has fields beside it', () => {
    const message = '{"message":"logged in","user":{"id":7},"ok":true}'
    expect(json({ time, source: 's', message, fields: { host: 'a' } })).toBe(
      '{"host":"a","level":"","message":"logged in","ok":true,"source":"s","timestamp":"2026-01-31T23:59:59.999Z","user":{"id":7}}',
    )
  })

  test('takes arrays, numbers, strings and null for text', () => {
    for (const message of ['[1]', '12', '"x"', '{not json}', 'null'])
      expect(JSON.parse(json({ time, source: 's', message })).message).toBe(message)
  })

  test('W16: numbers keep their digits, in messages and in fields', () => {
    const message = '{"a":12345678901234567890,"b":9007199254740993,"c":1e400,"d":0.1}'
    expect(json({ time, source: 's', message, fields: { e: 9007199254740993n } })).toContain(
      '"a":12345678901234567890,"b":9007199254740993,"c":1e400,"d":0.1,"e":9007199254740993',
    )
  })

  test('W16: a message that is the text null is a message', () => {
    expect(json({ time, source: 's', message: 'null' })).toContain('"message":"null"')
  })

  test('W16: fields that were no object are still there', () => {
    const received = decodeEntry('{"message":"m","fields":[1,2]}', { time, source: 's' })
    expect(JSON.parse(json(received))).toMatchObject({ fields: [1, 2] })
  })

  test('a name that another value has already gets `_` behind it, and the same value nothing', () => {
    const message = '{"source":"db","level":"ERR","timestamp":"2026-01-31T23:59:59.999Z","a":1}'
    expect(JSON.parse(json({ ...entry, message, fields: { a: 2, source: 'x', level: 'error' } }))).toEqual({
      timestamp: '2026-01-31T23:59:59.999Z',
      level: 'ERROR',
      source: 'app.log',
      source_: 'db',
      source__: 'x',
      message: '',
      a: 1,
      a_: 2,
    })
  })

  test('W7: what it writes is read back with time, level, message and every field', () => {
    const first = { ...entry, fields: { code: 28, big: 12345678901234567890n, nested: { deep: [1] } } }
    expect(decodeEntry(json(first), { time: 0, source: '?' })).toEqual(first)
  })

  test('W7: every message that is a JSON object makes something that a receiver takes, hop after hop', () => {
    const values = fc.dictionary(
      fc.oneof(fc.string(), fc.constantFrom('message', 'msg', 'level', 'fields')),
      fc.jsonValue(),
    )
    fc.assert(
      fc.property(values, (object) => {
        const once = decodeEntry(json({ ...entry, message: JSON.stringify(object) }), { time: 0, source: '?' })
        expect(once).toMatchObject({ time, level: 'error', source: 'app.log' })
        const twice = decodeEntry(json(once), { time: 0, source: '?' })
        expect(twice).toMatchObject({ time, level: 'error', source: 'app.log' })
      }),
      { seed: 7, numRuns: 300 },
    )
  })

  test('touches no prototype', () => {
    const message = '{"__proto__":{"polluted":1},"constructor":2}'
    expect(json({ time, source: 's', message })).toContain('"__proto__":{"polluted":1},"constructor":2')
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
  })

  test('escapes what a page could take for markup', () => {
    const message = '<a href="x">&\u2028'
    expect(json({ ...entry, message })).toContain('\\u003ca href=\\"x\\"\\u003e\\u0026\\u2028')
    expect(JSON.parse(json({ ...entry, message })).message).toBe(message)
  })

  test('is indented by two blanks with pretty, and the same value', () => {
    const given = { ...entry, fields: { list: [1, { a: '{"x": [1,2]}' }], none: [], big: 12345678901234567890n } }
    const pretty = json(given, { pretty: true })
    expect(pretty).toBe(
      [
        '{',
        '  "big": 12345678901234567890,',
        '  "level": "ERROR",',
        '  "list": [',
        '    1,',
        '    {',
        '      "a": "{\\"x\\": [1,2]}"',
        '    }',
        '  ],',
        '  "message": "out of disk",',
        '  "none": [],',
        '  "source": "app.log",',
        '  "timestamp": "2026-01-31T23:59:59.999Z"',
        '}',
      ].join('\n'),
    )
  })

  test('any message and any fields give valid JSON', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.object(), fc.boolean(), (message, fields, pretty) => {
        JSON.parse(json({ time: Number.NaN, source: '', message, fields }, { pretty }))
      }),
      { seed: 3, numRuns: 300 },
    )
  })
})

describe('text', () => {
  test('11.3: the default template has no field part for an entry without fields', () => {
    const format = { timestamp_format: '2006-01-02 15:04' }
    const day = timeFormat('2006-01-02 15:04')(time)
    expect(written('text', entry, format)).toBe(`[${day}] [ERROR] app.log - out of disk`)
    expect(written('text', { ...entry, fields: { a: 1 } }, format)).toBe(
      `[${day}] [ERROR] app.log - out of disk {"a":1}`,
    )
  })

  test('an entry without a level is INFO', () => {
    expect(text('{{.Level}}', { time, source: 's', message: 'm' })).toBe('INFO')
  })

  test.each([
    ['{{.Message}} by {{.Source}}', 'out of disk by app.log'],
    ['{{ .Level | ToLower }}|{{ToUpper .Source}}|{{"  x "|TrimSpace}}', 'error|APP.LOG|x'],
    ['{{.Nothing}}', '<no value>'],
    ['{{.Fields}}', '<no value>'],
    ['{{if .Fields}}yes{{else}}no{{end}}', 'no'],
    ['{{if eq .Level "ERROR"}}!{{end}}', '!'],
    ['{{if eq .Level "WARN" "ERROR"}}!{{end}}', '!'],
    ['{{if and (eq .Level "ERROR") (gt (len .Message) 5)}}long{{end}}', 'long'],
    ['{{if false}}a{{else if .Nothing}}b{{else if true}}c{{else}}d{{end}}', 'c'],
    ['{{with .Message}}<{{.}}>{{end}}', '<out of disk>'],
    ['{{with .Nothing}}a{{else}}b{{end}}', 'b'],
    ['{{$x := .Source}}{{$x}} {{$.Level}}', 'app.log ERROR'],
    ['{{$x := 1}}{{$x = 2}}{{$x}}', '2'],
    ['a  {{- .Level -}}  b', 'aERRORb'],
    ['a {{/* a comment {{ }} */}}b', 'a b'],
    ['a {{- /* trims */ -}} b', 'ab'],
    ['{{printf "%-8s|%5d|%05.1f|%q|%x" .Level 42 3.14159 "a\\"b" "hi"}}', 'ERROR   |   42|003.1|"a\\"b"|6869'],
    ['{{printf "%6.2f%%|%+d|%t|%v" 99.5 7 true 1.5}}', ' 99.50%|+7|true|1.5'],
    ['{{printf "%s %d" "a"}}', 'a %!d(MISSING)'],
    ['{{printf "%d" "a"}}', '%!d(string=a)'],
    ['{{printf "a" 1}}', 'a%!(EXTRA int=1)'],
    ['{{len "äb"}}', '3'],
    ['{{index "abc" 1}}', '98'],
    ['{{slice .Message 0 3}}', 'out'],
    ['{{print 1 2 "a" 3}}', '1 2a3'],
    ['{{html "<a>"}} {{urlquery "a b&c"}} {{js "\'x\'"}}', "&lt;a&gt; a+b%26c \\'x\\'"],
    [
      '{{not true}} {{or "" "b"}} {{and 1 0}} {{ne 1 2}} {{lt 1 2}} {{le 2 2}} {{ge 1 2}}',
      'false b 0 true true true false',
    ],
    ['{{range 3}}{{.}}{{end}}', '012'],
    ['{{range $i, $n := 5}}{{if eq $i 1}}{{continue}}{{end}}{{if eq $i 3}}{{break}}{{end}}{{$n}}{{end}}', '02'],
    ['{{\'a\'}} {{0x10}} {{`raw \\n`}} {{"\\u00e4\\t"}}', '97 16 raw \\n ä\t'],
    ['{{(printf "%s" .Source) | ToUpper}}', 'APP.LOG'],
    [
      '{{.Timestamp.UTC.Format "2006-01-02"}} {{.Timestamp.Unix}} {{.Timestamp.UTC.Weekday}}',
      '2026-01-31 1769903999 Saturday',
    ],
    ['{{.Timestamp.UTC}}', '2026-01-31 23:59:59.999 +0000 UTC'],
    ['{ {{.Level}} }', '{ ERROR }'],
    ['{{.Message}}\n', 'out of disk'],
  ])('%s', (template, expected) => {
    expect(text(template)).toBe(expected)
  })

  const fielded = { ...entry, fields: { user: { id: 7 }, code: 28, tags: ['a', 'b'] } }
  test.each([
    ['{{.Fields}}', '{"user":{"id":7},"code":28,"tags":["a","b"]}'],
    ['{{.Fields.code}} {{.Fields.user.id}} {{index .Fields.tags 1}} {{.Fields.none}}', '28 7 b <no value>'],
    ['{{range $name, $value := .Fields}}{{$name}}={{$value}} {{end}}', 'code=28 tags=["a","b"] user={"id":7} '],
    ['{{range .Fields.tags}}<{{.}}>{{else}}none{{end}}{{range .Fields.none}}{{else}}none{{end}}', '<a><b>none'],
    ['{{.Fields.constructor}}', '<no value>'],
  ])('with fields: %s', (template, expected) => {
    expect(text(template, fielded)).toBe(expected)
  })

  test('an entry that a template cannot be made of is written all the same', () => {
    const format = { timestamp_format: '2006' }
    const fallback = `[${timeFormat('2006')(time)}] [ERROR] app.log - out of disk`
    for (const template of [
      '{{if eq .Message 1}}{{end}}',
      '{{.Message.x}}',
      '{{index .Message 99}}',
      '{{FmtTime .Message}}',
      '{{ToUpper .Nothing}}',
      '{{.Timestamp.Nope}}',
    ])
      expect(text(template, entry, format)).toBe(fallback)
  })

  test('neither loops nor texts that double grow without a bound', () => {
    const fallback = `[${timeFormat('2006')(time)}] [ERROR] app.log - out of disk`
    const format = { timestamp_format: '2006' }
    const doubling = `{{$x := "0123456789"}}${'{{$x = print $x $x}}'.repeat(60)}{{$x}}`
    expect(text(doubling, entry, format)).toBe(fallback)
    expect(text('{{range 1000}}{{range 1000}}{{end}}{{end}}', entry, format)).toBe(fallback)
    expect(text('{{range 60000}}{{printf "%9999d" 1}}{{end}}', entry, format)).toBe(fallback)
  })

  test.each([
    ['{{.Message', 'line 1, column 1: this {{ has no }}'],
    ['a\n{{nope .Message}}', 'line 2, column 3: there is no function nope'],
    ['{{if .Level}}x', 'line 1, column 3: this {{if}} has no {{end}}'],
    ['{{end}}', 'line 1, column 3: {{end}} without a block'],
    ['{{$x}}', 'line 1, column 3: there is no variable $x'],
    ['{{ToUpper}}', 'line 1, column 3: ToUpper takes 1 arguments, and has 0'],
    ['{{.Level | .Message "a" | "b"}}', 'behind a | must be a function'],
    ['{{"a" "b"}}', 'what is no function cannot have arguments'],
    ['{{}}', 'the action is empty'],
    ['{{template "x"}}', '{{template}} is not known here'],
    ['{{break}}', '{{break}} outside of a {{range}}'],
    ['{{"unfinished}}', 'is no part of an action'],
    ['{{if true}}{{else}}{{else}}{{end}}', 'a second {{else}}'],
    [`${'{{if true}}'.repeat(101)}${'{{end}}'.repeat(101)}`, 'more than 100 blocks'],
    ['{{1}}'.repeat(20_000), '65536 characters at most'],
    ['{nothing}', 'is no placeholder'],
  ])('%s is refused before anything runs, with its place', (template, words) => {
    expect(() => text(template)).toThrow(words)
  })

  test('any template is refused or gives a text for any entry', () => {
    const parts = fc.constantFrom(
      ...[
        '{{',
        '}}',
        '{{-',
        '-}}',
        '.Message',
        '.Fields',
        '.Timestamp',
        '$x',
        ':=',
        '=',
        '|',
        '(',
        ')',
        '"a"',
        '1',
        '-2.5',
      ],
      ...[
        'if',
        'else',
        'end',
        'range',
        'with',
        'printf',
        'index',
        'eq',
        'len',
        'and',
        'ToUpper',
        'FmtTime',
        ' ',
        ' ',
        '\n',
      ],
    )
    const actions = fc.array(
      fc.array(parts, { maxLength: 6 }).map((words) => `{{${words.join(' ')}}}`),
      { maxLength: 5 },
    )
    const wild = fc.array(parts, { maxLength: 25 }).map((words) => words.join(''))
    fc.assert(
      fc.property(
        fc.oneof(
          actions.map((each) => each.join('x')),
          wild,
        ),
        fc.object(),
        (template, fields) => {
          if (template === '' || !isTemplate(template)) return
          expect(typeof text(template, { ...entry, fields })).toBe('string')
        },
      ),
      { seed: 11, numRuns: 2000 },
    )
  })

  test('a template without {{ is one of LogWisp itself', () => {
    expect(text('{level:lower} {message}{ fields}')).toBe('error out of disk')
    expect(text('just words')).toBe('just words')
  })
})

describe('times in Go’s layout', () => {
  const utc = (layout: string, at = Date.UTC(2026, 1, 5, 15, 4, 5, 70)): string => timeFormat(layout, 'utc')(at)

  // Thursday, 5 February 2026, 15:04:05.07 UTC, by the rules of Go's package time.
  test.each([
    ['Mon Jan _2 15:04:05 2006', 'Thu Feb  5 15:04:05 2026'],
    ['Mon Jan _2 15:04:05 MST 2006', 'Thu Feb  5 15:04:05 UTC 2026'],
    ['Mon Jan 02 15:04:05 -0700 2006', 'Thu Feb 05 15:04:05 +0000 2026'],
    ['02 Jan 06 15:04 MST', '05 Feb 26 15:04 UTC'],
    ['Monday, 02-Jan-06 15:04:05 MST', 'Thursday, 05-Feb-26 15:04:05 UTC'],
    ['Mon, 02 Jan 2006 15:04:05 -0700', 'Thu, 05 Feb 2026 15:04:05 +0000'],
    ['2006-01-02T15:04:05Z07:00', '2026-02-05T15:04:05Z'],
    ['2006-01-02T15:04:05.999999999Z07:00', '2026-02-05T15:04:05.07Z'],
    ['3:04PM', '3:04PM'],
    ['3:04pm', '3:04pm'],
    ['Jan _2 15:04:05.000', 'Feb  5 15:04:05.070'],
    ['Jan _2 15:04:05.000000', 'Feb  5 15:04:05.070000'],
    ['Jan _2 15:04:05.000000000', 'Feb  5 15:04:05.070000000'],
    ['2006-01-02 15:04:05', '2026-02-05 15:04:05'],
    ['January Monday Month Janus', 'February Thursday Month Janus'],
    ['002 __2 2 02 _2', '036  36 5 05  5'],
    ['1/2/06 03:4:5,000', '2/5/26 03:4:5,070'],
    ['.99 .00 .9999 ,999', '.07 .07 .07 ,07'],
    // Zeros that another digit follows are no part of a second: what is left is the month.
    ['.0001', '.0002'],
    ['_2006', '_2026'],
    ['-07 -0700 -07:00 -070000 -07:00:00', '+00 +0000 +00:00 +000000 +00:00:00'],
    ['Z07 Z0700 Z070000 Z07:00:00', 'Z Z Z Z'],
    ['year', 'year'],
  ])('%s', (layout, expected) => {
    expect(utc(layout)).toBe(expected)
  })

  test('noon and midnight are 12', () => {
    expect(utc('3PM 03pm', Date.UTC(2026, 0, 1, 0))).toBe('12AM 12am')
    expect(utc('3PM 03pm', Date.UTC(2026, 0, 1, 12))).toBe('12PM 12pm')
  })

  test('a time that no date can hold is empty', () => {
    expect(utc('2006', Number.NaN)).toBe('')
    expect(utc('2006', 9e15)).toBe('')
  })

  test('what a layout says of any moment reads back as that moment', () => {
    fc.assert(
      fc.property(
        fc.date({ min: new Date(0), max: new Date('9999-12-31T23:59:59.999Z'), noInvalidDate: true }),
        (date) => {
          const rfc3339 = timeFormat('2006-01-02T15:04:05.000Z07:00')(date.getTime())
          expect(Date.parse(rfc3339)).toBe(date.getTime())
          const inWords = timeFormat('Mon, 02 Jan 2006 15:04:05 GMT', 'utc')(date.getTime())
          expect(inWords).toBe(date.toUTCString())
          const local = timeFormat('2006-1-2 3:4:5 PM -07:00')(date.getTime())
          expect(Date.parse(local)).toBe(Math.floor(date.getTime() / 1000) * 1000)
        },
      ),
      { seed: 5, numRuns: 500 },
    )
  })
})

describe('as Go has it', () => {
  // Made by a program in Go 1.19 from the same templates, entry, layouts and times; null: it failed with the entry.
  const known = JSON.parse(readFileSync(new URL('./fixtures/go-outputs.json', import.meta.url), 'utf8')) as {
    readonly templates: readonly (readonly [string, string | null])[]
    readonly times: readonly number[]
    readonly layouts: readonly (readonly [string, readonly string[]])[]
  }

  test('templates', () => {
    expect(known.templates.length).toBeGreaterThan(300)
    for (const [template, expected] of known.templates) {
      // Go's program had the time in UTC; here it is in the zone of the process.
      const found = text(`${template.replaceAll('.Timestamp', '.Timestamp.UTC')}\n`, entry, {
        timestamp_format: 'failed',
      })
      expect([template, found]).toEqual([template, expected ?? '[failed] [ERROR] app.log - out of disk'])
    }
  })

  test('layouts', () => {
    expect(known.layouts.length).toBeGreaterThan(300)
    for (const [layout, expected] of known.layouts) {
      const format = timeFormat(layout, 'utc')
      expect([layout, known.times.map(format)]).toEqual([layout, expected])
    }
  })
})

describe('which format a sink has', () => {
  const wordOf = (sink: object, pipeline: object = {}): string => {
    const config = pipelineOf({ sinks: [sink], ...pipeline })
    const [only] = config.sinks
    if (only === undefined) throw new Error('no sink')
    return sinkFormat(only.type, only.options, config, 'app.sinks.0.options').word
  }

  test('json over the network and raw elsewhere, unless something is said', () => {
    expect(wordOf({ type: 'http' })).toBe('json')
    expect(wordOf({ type: 'tcp' })).toBe('json')
    expect(wordOf({ type: 'websocket', options: { port: 1 } })).toBe('json')
    expect(wordOf({ type: 'http_client', options: { url: 'http://h/' } })).toBe('json')
    expect(wordOf({ type: 'tcp_client', options: { address: 'h:1' } })).toBe('json')
    expect(wordOf({ type: 'file', options: { directory: 'd', name: 'n' } })).toBe('raw')
    expect(wordOf({ type: 'stdout' })).toBe('raw')
    expect(wordOf({ type: 'stderr' })).toBe('raw')
  })

  test("the sink's own word comes before the pipeline's", () => {
    expect(wordOf({ type: 'stdout' }, { format: 'json' })).toBe('json')
    expect(wordOf({ type: 'stdout', options: { format: 'text' } }, { format: 'json' })).toBe('text')
  })

  test('who wants to know what was delivered sends the wire form', () => {
    expect(wordOf({ type: 'http_client', options: { url: 'http://h/', respond: 'delivered' } })).toBe('wire')
  })
})
