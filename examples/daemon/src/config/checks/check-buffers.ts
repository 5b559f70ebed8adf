/** Buffers before sinks: directories that two want for themselves, and settings that contradict each other. */

import { resolve } from 'node:path'
import type { BufferConfig, Config, SinkConfig } from '../schema.ts'
import type { Findings } from './findings.ts'

/** A buffer of the configuration that has a directory. */
export interface BufferOnDisk {
  readonly buffer: Extract<BufferConfig, { directory: string }>
  /** The dotted path of the buffer. */
  readonly path: string
  /** Whose it is, in words. */
  readonly title: string
}

/** What stands before a sink; undefined when nothing does. */
export function bufferOf(sink: SinkConfig): BufferConfig | undefined {
  return 'buffer' in sink ? sink.buffer : undefined
}

/** The same, if it keeps entries on the disk. */
export function diskBufferOf(sink: SinkConfig): BufferOnDisk['buffer'] | undefined {
  const buffer = bufferOf(sink)
  return buffer?.type === 'memory' ? undefined : buffer
}

/** All buffers that keep entries on the disk. */
export function buffersOnDisk(config: Pick<Config, 'pipelines'>): readonly BufferOnDisk[] {
  return config.pipelines.flatMap(({ name, sinks }, index) =>
    sinks.flatMap((sink, place): BufferOnDisk[] => {
      const buffer = diskBufferOf(sink)
      if (buffer === undefined) return []
      const path = `pipelines.${index}.sinks.${place}.buffer`
      return [{ buffer, path, title: `the buffer of sink ${place} (${sink.type}) of "${name}"` }]
    }),
  )
}

/** Directories that a source follows. */
function followedDirectories({ pipelines }: Config): { directory: string; title: string }[] {
  return pipelines.flatMap(({ name, sources }) =>
    sources.flatMap(({ type, options }) =>
      type === 'directory' ? [{ directory: resolve(options.path), title: `a source of "${name}"` }] : [],
    ),
  )
}

/** Looks at every buffer. */
export function checkBuffers(config: Config, findings: Findings): void {
  const holders = new Map<string, string>()
  for (const { directory, title } of [...followedDirectories(config), ...otherDirectories(config)])
    holders.set(directory, title)
  for (const { buffer, path, title } of buffersOnDisk(config)) {
    const directory = resolve(buffer.directory)
    const other = holders.get(directory)
    if (other !== undefined) {
      findings.problem(`${path}.directory`, `${directory} belongs to ${other} already: give the buffer one of its own`)
    }
    holders.set(directory, title)
    if (buffer.segment_size_mb !== undefined && buffer.segment_size_mb > buffer.max_size_mb) {
      findings.problem(
        `${path}.segment_size_mb`,
        `must be at most \`max_size_mb\` (${buffer.max_size_mb}), got ${buffer.segment_size_mb}`,
      )
    }
    if (buffer.fsync === 'never') {
      findings.notice(
        `${path}.fsync`,
        'what the buffer has taken is done for the sources: with "never" a power cut loses what the system had not written yet',
      )
    }
  }
  for (const [index, { sinks }] of config.pipelines.entries()) {
    for (const [place, sink] of sinks.entries()) {
      if (bufferOf(sink) === undefined || sink.options.when_full === 'block') continue
      findings.problem(
        `pipelines.${index}.sinks.${place}.options.when_full`,
        'does not go together with `buffer`: say `when_full` there, and leave it out here',
      )
    }
  }
}

/** Directories that somebody else writes to. */
function otherDirectories({ pipelines, logging, state_directory }: Config): { directory: string; title: string }[] {
  const sinks = pipelines.flatMap(({ name, sinks }) =>
    sinks.flatMap((sink) =>
      sink.type === 'file' ? [{ directory: resolve(sink.options.directory), title: `the file sink of "${name}"` }] : [],
    ),
  )
  const { output, file } = logging
  return [
    ...sinks,
    ...(output === 'file' || output === 'both'
      ? [{ directory: resolve(file.directory), title: "the daemon's own log" }]
      : []),
    ...(state_directory === undefined ? [] : [{ directory: resolve(state_directory), title: '`state_directory`' }]),
  ]
}
