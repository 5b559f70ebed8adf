export { type ConsoleSink, type ConsoleSinkEvents, type ConsoleSinkOptions, consoleSink } from './console-sink.ts'
export { type FileSink, type FileSinkEvents, type FileSinkOptions, type FileSinkStats, fileSink } from './file-sink.ts'
export type {
  HeartbeatOptions,
  LiveSink,
  LiveSinkEvents,
  LiveSinkOptions,
  LiveSinkStats,
  ViewerCounts,
} from './live-sink.ts'
export { type SseSink, type SseSinkOptions, sseSink } from './sse-sink.ts'
