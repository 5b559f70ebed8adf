/** `dead_letter` of a sink that posts: how it is written, what is said of one that cannot be, and that nobody follows it. */

import { resolve } from 'node:path'
import { expect, it } from 'vitest'
import { withoutOwnFiles } from '../src/service/own-files.ts'
import { posting, problemsIn, readConfig } from './config-text.ts'

/** A sink that posts and keeps what is rejected like this. */
const toml = (deadLetter: string, more = ''): string => posting(`, dead_letter = { ${deadLetter} }`, more)

it('needs a directory; all else has a default', () => {
  const { config, problems: none } = readConfig(toml('directory = "rejected"'))
  expect(none).toEqual([])
  const sink = config?.pipelines[0]?.sinks[0]
  expect(sink?.type === 'http_client' && sink.options.dead_letter).toEqual({
    directory: 'rejected',
    max_size_mb: 1000,
    when_full: 'block',
  })
  const path = 'pipelines.0.sinks.0.options.dead_letter'
  expect(Object.keys(problemsIn(toml('max_size_mb = 1')))).toEqual([`${path}.directory`])
  expect(Object.keys(problemsIn(toml('directory = "x", max_size_mb = 0.01, when_full = "wait"'))).sort()).toEqual([
    `${path}.max_size_mb`,
    `${path}.when_full`,
  ])
})

it('may be shared by sinks, and not with a buffer', () => {
  const other = `[[pipelines.sinks]]
type = "http_client"
options = { url = "http://a/c", dead_letter = { directory = "./rejected" } }`
  expect(problemsIn(toml('directory = "rejected"', other))).toEqual({})
  const buffer = '[pipelines.sinks.buffer]\ntype = "disk"\ndirectory = "rejected"'
  expect(problemsIn(toml('directory = "./rejected"', buffer))).toEqual({
    'pipelines.0.sinks.0.options.dead_letter.directory': `${resolve('rejected')} belongs to the buffer of sink 0 (http_client) of "app" already: give rejected entries one of their own`,
  })
})

it('is never followed by a source, wherever it is', () => {
  for (const [directory, place] of [
    ['logs', '/'],
    ['logs/a/rejected', '/a/rejected/'],
    ['elsewhere', undefined],
  ] as const) {
    const { config } = readConfig(toml(`directory = "${directory}"`))
    const source = config && withoutOwnFiles(config).pipelines[0]?.sources[0]
    expect(source?.type === 'directory' && source.options.exclude).toEqual(
      place === undefined ? undefined : [`${place}*.ndjson`, `${place}replay.json`],
    )
  }
})
