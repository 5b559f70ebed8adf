/** A buffer before a sink: how it is written, and what is said of one that cannot be. */

import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { configShape } from '../src/config/config-shape.ts'
import { readEnvironment } from '../src/config/environment.ts'
import { readFlags } from '../src/config/flags.ts'
import { leafAt } from '../src/config/shape.ts'
import { withoutOwnFiles } from '../src/service/own-files.ts'
import { posting, problemsIn, readConfig } from './config-text.ts'

/** A sink that posts, with this buffer before it and these options. */
const toml = (buffer: string, options = ''): string => posting(options, buffer)

function bufferOf(text: string): unknown {
  const { config, problems } = readConfig(text)
  expect(problems).toEqual([])
  const sink = config?.pipelines[0]?.sinks[0]
  return sink !== undefined && 'buffer' in sink ? sink.buffer : undefined
}

describe('a buffer before a sink', () => {
  it('is none, unless one is written', () => {
    expect(bufferOf(toml(''))).toBeUndefined()
  })

  it('needs a type, and on the disk a directory; all else has a default', () => {
    expect(bufferOf(toml('[pipelines.sinks.buffer]\ntype = "memory"'))).toEqual({
      type: 'memory',
      max_entries: 10_000,
      max_bytes: 16_777_216,
      when_full: 'block',
    })
    const disk = {
      directory: 'spool',
      max_size_mb: 1000,
      when_full: 'block',
      fsync: 'interval',
      fsync_interval_ms: 100,
    }
    expect(bufferOf(toml('[pipelines.sinks.buffer]\ntype = "disk"\ndirectory = "spool"'))).toEqual({
      type: 'disk',
      ...disk,
    })
    expect(bufferOf(toml('[pipelines.sinks.buffer]\ntype = "spill"\ndirectory = "spool"'))).toEqual({
      type: 'spill',
      max_entries: 10_000,
      max_bytes: 16_777_216,
      ...disk,
    })
    expect(problemsIn(toml('buffer = { type = "disk" }'))).toEqual({
      'pipelines.0.sinks.0.buffer.directory': 'is missing: must be a text',
    })
  })

  it('refuses keys of another type, words that it does not know, and sinks that have viewers', () => {
    expect(
      problemsIn(
        toml(
          'buffer = { type = "disk", directory = "a", max_bytes = 65536, when_full = "drop-new", fsync = "allways" }',
        ),
      ),
    ).toEqual({
      'pipelines.0.sinks.0.buffer.max_bytes': expect.stringMatching(
        /^is not known to `type = "disk"`; there is `type`, `directory`/,
      ),
      'pipelines.0.sinks.0.buffer.when_full': expect.stringMatching(/must be one of `block`, `drop-newest` or/),
      'pipelines.0.sinks.0.buffer.fsync': expect.stringMatching(/got "allways"; did you mean `always`\?$/),
    })
    expect(problemsIn(toml('buffer = { type = "dsk" }'))['pipelines.0.sinks.0.buffer.type']).toMatch(
      /got "dsk"; did you mean `disk`\?$/,
    )
    const live = toml('buffer = { type = "memory" }')
      .replace('"http_client"', '"http"')
      .replace('url = "http://a/b"', '')
    expect(problemsIn(live)).toEqual({
      'pipelines.0.sinks.0.buffer': expect.stringMatching(/^is not known to `type = "http"`/),
    })
  })

  it('is set by variables and flags, like everything', () => {
    expect(
      readEnvironment({
        LOGWISP_PIPELINES_0_SINKS_1_BUFFER_TYPE: 'disk',
        LOGWISP_PIPELINES_0_SINKS_1_BUFFER_MAX_SIZE_MB: '5',
      }),
    ).toMatchObject({
      problems: [],
      assignments: [
        { paths: [['pipelines', '0', 'sinks', '1', 'buffer', 'max_size_mb']], text: '5' },
        { paths: [['pipelines', '0', 'sinks', '1', 'buffer', 'type']], text: 'disk' },
      ],
    })
    const flags = readFlags(['--pipelines.0.sinks.1.buffer.fsync-interval-ms', '50'], new Map())
    expect([flags.problems, [...flags.values]]).toEqual([[], [['pipelines.0.sinks.1.buffer.fsync_interval_ms', '50']]])
    const leaf = leafAt(configShape, ['pipelines', '0', 'sinks', '0', 'buffer', 'type'])
    expect(leaf?.forms).toEqual([{ form: 'words', words: ['memory', 'disk', 'spill'] }])
  })

  it('has its directory for itself', () => {
    const two = `[[pipelines]]
name = "app"
sources = [{ type = "stdin" }]
sinks = [
  { type = "stdout", buffer = { type = "disk", directory = "spool" } },
  { type = "stderr", buffer = { type = "spill", directory = "./other/../spool" } },
  { type = "file", options = { directory = "out", name = "a" }, buffer = { type = "disk", directory = "out" } },
]`
    expect(problemsIn(two)).toEqual({
      'pipelines.0.sinks.1.buffer.directory': `${resolve('spool')} belongs to the buffer of sink 0 (stdout) of "app" already: give the buffer one of its own`,
      'pipelines.0.sinks.2.buffer.directory': `${resolve('out')} belongs to the file sink of "app" already: give the buffer one of its own`,
    })
    expect(problemsIn(toml('buffer = { type = "disk", directory = "logs" }'))).toEqual({
      'pipelines.0.sinks.0.buffer.directory': `${resolve('logs')} belongs to a source of "app" already: give the buffer one of its own`,
    })
  })

  it('has room for a segment, and is the only one that drops', () => {
    expect(
      problemsIn(
        toml(
          'buffer = { type = "disk", directory = "a", max_size_mb = 20, segment_size_mb = 32 }',
          ', when_full = "drop-oldest"',
        ),
      ),
    ).toEqual({
      'pipelines.0.sinks.0.buffer.segment_size_mb': 'must be at most `max_size_mb` (20), got 32',
      'pipelines.0.sinks.0.options.when_full':
        'does not go together with `buffer`: say `when_full` there, and leave it out here',
    })
  })

  it('without fsync is told, because what it has is done for the sources', () => {
    const { notices } = readConfig(toml('buffer = { type = "disk", directory = "a", fsync = "never" }'))
    expect(notices.map(({ path }) => path)).toEqual(['pipelines.0.sinks.0.buffer.fsync'])
  })

  it('is not read by a source that follows what is above it', () => {
    const { config } = readConfig(toml('buffer = { type = "disk", directory = "logs/spool" }'))
    const source = config && withoutOwnFiles(config).pipelines[0]?.sources[0]
    expect(source?.options).toMatchObject({ exclude: ['/spool/**'] })
  })
})
