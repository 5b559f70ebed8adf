export { type SseSink, type SseSinkEvents, type SseSinkOptions, type SseSinkStats, sseSink } from './sse-sink.ts'
