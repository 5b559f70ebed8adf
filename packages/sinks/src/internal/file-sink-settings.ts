/** The options of `fileSink`, with every default filled in. */

import type { FileSinkOptions } from '../file-sink.ts'

/** Every option has a value, but `compress`, which is off by being absent. */
export type FileSinkSettings = {
  readonly [Name in Exclude<keyof FileSinkOptions, 'compress'>]-?: Exclude<FileSinkOptions[Name], undefined>
} & { readonly compress: 'gzip' | undefined }
