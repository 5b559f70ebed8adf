/** The files that the daemon itself writes: never a source, or it would copy its own words round and round. Pure. */

import { basename, dirname, relative, resolve, sep } from 'node:path'
import { buffersOnDisk } from '../config/checks/check-buffers.ts'
import { deadLettersIn } from '../config/checks/check-dead-letters.ts'
import type { Problem } from '../config/loaded-config.ts'
import type { Config, SourceConfig } from '../config/schema.ts'

/** Files called `<name>.log`, and what is made of them by rotation. */
interface OwnFile {
  readonly directory: string
  readonly name: string
  /** Who writes it, in words. */
  readonly writer: string
}

/** What sources leave out. */
interface OwnPlaces {
  readonly files: readonly OwnFile[]
  /** Directories of buffers: all that is in them. */
  readonly buffers: readonly string[]
  /** Directories of rejected entries, in which there may be files of others. */
  readonly deadLetters: readonly string[]
}

/** Everything that this configuration writes to. */
function ownFiles({ pipelines, logging }: Config): readonly OwnFile[] {
  const sinks = pipelines.flatMap(({ name: pipeline, sinks }) =>
    sinks.flatMap((sink, index): OwnFile[] => {
      if (sink.type !== 'file') return []
      const { directory, name } = sink.options
      return [{ directory: resolve(directory), name, writer: `sink ${index} of the pipeline ${pipeline}` }]
    }),
  )
  const { directory, name } = logging.file
  const writesLog = logging.output === 'file' || logging.output === 'both'
  return writesLog ? [...sinks, { directory: resolve(directory), name, writer: "the daemon's own log" }] : sinks
}

/** The same configuration with sources that leave out what it writes itself. */
export function withoutOwnFiles(config: Config): Config {
  const files = ownFiles(config)
  const buffers = buffersOnDisk(config).map(({ buffer }) => resolve(buffer.directory))
  const deadLetters = deadLettersIn(config).map(({ deadLetter }) => resolve(deadLetter.directory))
  if (files.length + buffers.length + deadLetters.length === 0) return config
  const pipelines = config.pipelines.map((pipeline) => ({
    ...pipeline,
    sources: pipeline.sources.map((source) => excluding(source, { files, buffers, deadLetters })),
  }))
  return { ...config, pipelines }
}

/** Sources that are told to follow exactly what the daemon writes itself. */
export function ownFileProblems(config: Config): readonly Problem[] {
  const files = ownFiles(config)
  return config.pipelines.flatMap(({ sources }, pipeline) =>
    sources.flatMap((source, index): Problem[] => {
      if (source.type !== 'file') return []
      const path = resolve(source.options.path)
      const own = files.find(({ directory, name }) => directory === dirname(path) && isOf(name, basename(path)))
      if (own === undefined) return []
      const message = `is written by ${own.writer}: its lines would be copied round and round; follow another file, or write to another`
      return [{ path: `pipelines.${pipeline}.sources.${index}.options.path`, message, origin: undefined }]
    }),
  )
}

function excluding(source: SourceConfig, { files, buffers, deadLetters }: OwnPlaces): SourceConfig {
  if (source.type !== 'directory') return source
  const root = resolve(source.options.path)
  /** As globs of the source have it; undefined when the source does not look there. */
  const placeOf = (directory: string): string | undefined => {
    const below = relative(root, directory)
    const isBelow = below === '' || (source.options.recursive && !below.startsWith('..') && resolve(below) !== below)
    if (!isBelow) return undefined
    return below === '' ? '/' : `/${literal(below.split(sep).join('/'))}/`
  }
  const globs = [
    ...files.flatMap(({ directory, name }) => {
      const place = placeOf(directory)
      if (place === undefined) return []
      const file = literal(name)
      return [`${place}${file}.log`, `${place}${file}-${rotated}.log`, `${place}${file}-${rotated}.log.gz`]
    }),
    ...buffers.flatMap((directory) => {
      const place = placeOf(directory)
      return place === undefined ? [] : [`${place}**`]
    }),
    ...deadLetters.flatMap((directory) => {
      const place = placeOf(directory)
      return place === undefined ? [] : [`${place}*.ndjson`, `${place}replay.json`]
    }),
  ]
  if (globs.length === 0) return source
  return { ...source, options: { ...source.options, exclude: [...[source.options.exclude ?? []].flat(), ...globs] } }
}

/** `20261121T100000.123Z-000001`, as the file sink calls what it has rotated. */
const rotated = `${'[0-9]'.repeat(8)}T${'[0-9]'.repeat(6)}.${'[0-9]'.repeat(3)}Z-${'[0-9]'.repeat(6)}`

function isOf(name: string, file: string): boolean {
  if (file === `${name}.log`) return true
  return file.startsWith(`${name}-`) && /^\d{8}T\d{6}\.\d{3}Z-\d{6}\.log(\.gz)?$/.test(file.slice(name.length + 1))
}

/** The text as a glob that matches just it. */
function literal(text: string): string {
  return text.replaceAll(/[\\*?[\]{}()!+@|]/g, '\\$&')
}
