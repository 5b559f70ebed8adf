/** A file, rotated. */

import { fileSink } from '@logwisp/sinks/file-sink'
import { bytesOf } from '../../config/schema/primitives.ts'
import type { SinkOf } from '../../config/schema.ts'
import type { BuildContext, BuiltSink } from '../built-stage.ts'
import { sinkFormat } from '../format.ts'
import { makeStage } from '../make-stage.ts'

const msPerHour = 3_600_000

/** Writes to `<name>.log` in its directory. */
export function buildFileSink(options: SinkOf<'file'>['options'], context: BuildContext, place: string): BuiltSink {
  const { pipeline } = context
  const { directory, name, rotate_every_hours, retention_hours, compress, fsync } = options
  const { format } = sinkFormat('file', options, pipeline, place)
  const stream = makeStage(context, place, () =>
    fileSink(directory, {
      name,
      format,
      maxFileBytes: bytesOf(options.max_size_mb),
      maxTotalBytes: boundOf(bytesOf(options.max_total_size_mb)),
      maxAgeMs: boundOf(Math.round(retention_hours * msPerHour)),
      minFreeBytes: bytesOf(options.min_disk_free_mb),
      rotateEveryMs: rotate_every_hours && Math.round(rotate_every_hours * msPerHour),
      compress: compress === 'none' ? undefined : compress,
      fsync,
      fsyncIntervalMs: options.fsync_interval_ms,
      checkIntervalMs: options.check_interval_ms,
    }),
  )
  const ready = new Promise<void>((resolve) => stream.once('ready', resolve).once('close', resolve))
  return { stream, ready, release: () => {} }
}

/** 0 is no bound in a configuration. */
function boundOf(value: number): number {
  return value === 0 ? Infinity : value
}
