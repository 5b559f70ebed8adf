/** Files that are followed. */

import { basename, relative } from 'node:path'
import { directorySource } from '@logwisp/sources/directory-source'
import { type FileSource, type FollowOptions, fileSource } from '@logwisp/sources/file-source'
import type { SourceOf } from '../../config/schema.ts'
import type { BuildContext, BuiltSource } from '../built-stage.ts'
import { inMs } from '../in-ms.ts'
import { makeStage } from '../make-stage.ts'

type DirectoryOptions = SourceOf<'directory'>['options']
type FileOptions = SourceOf<'file'>['options']

/** The files of a directory; entries have the file's path below it as their `source`, or its whole path. */
export function buildDirectorySource(options: DirectoryOptions, context: BuildContext, place: string): BuiltSource {
  const { path, pattern, exclude, recursive, source } = options
  return followed(
    makeStage(context, place, () =>
      directorySource(path, {
        ...followOptions(options, context),
        pattern,
        exclude,
        recursive,
        startAt: context.once ? 'beginning' : options.start_at,
        ...(source === 'name' && { source: (found) => relative(path, found) }),
        scanIntervalMs: options.check_interval_ms,
        maxFiles: options.max_files,
        maxOpenFiles: options.max_open_files,
        forgetAfterMs: inMs(options.forget_after_seconds),
      }),
    ),
  )
}

/** One file; entries have its name as their `source`. */
export function buildFileSource(options: FileOptions, context: BuildContext, place: string): BuiltSource {
  const { path, source = basename(path) } = options
  const startAt = context.once ? 'beginning' : options.start_at
  return followed(
    makeStage(context, place, () => fileSource(path, { ...followOptions(options, context), startAt, source })),
  )
}

function followOptions(options: DirectoryOptions | FileOptions, { checkpoint, once }: BuildContext): FollowOptions {
  return {
    checkpoint,
    follow: !once,
    encoding: options.encoding,
    maxLineBytes: options.max_line_bytes,
    whenLineTooLong: options.when_line_too_long,
    zone: options.time_zone,
    watch: options.watch,
    pollIntervalMs: options.poll_interval_ms,
    rotateDelayMs: options.rotate_delay_ms,
  }
}

/** Enough for a status page; a source may follow many more. */
const maxFilesTold = 1000

function followed(stream: FileSource): BuiltSource {
  return {
    stream,
    ready: new Promise((resolve) => {
      stream.once('ready', () => resolve())
      stream.once('close', () => resolve())
    }),
    files: async () => {
      const files = await stream.progress(maxFilesTold)
      return files.map(({ path, offset, sizeBytes, lagBytes }) => ({
        path,
        position: offset,
        size: sizeBytes,
        lag: lagBytes,
      }))
    },
    release: () => {},
  }
}
