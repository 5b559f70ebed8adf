export { type ConsoleSink, type ConsoleSinkEvents, type ConsoleSinkOptions, consoleSink } from './console-sink.ts'
export { type FileSink, type FileSinkEvents, type FileSinkOptions, type FileSinkStats, fileSink } from './file-sink.ts'
export {
  type SseSink,
  type SseSinkEvents,
  type SseSinkOptions,
  type SseSinkStats,
  sseSink,
  type ViewerCounts,
} from './sse-sink.ts'
