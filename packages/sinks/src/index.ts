export { type ConsoleSink, type ConsoleSinkEvents, type ConsoleSinkOptions, consoleSink } from './console-sink.ts'
export { type FileSink, type FileSinkEvents, type FileSinkOptions, type FileSinkStats, fileSink } from './file-sink.ts'
export {
  type HttpClientSink,
  type HttpClientSinkEvents,
  type HttpClientSinkOptions,
  type HttpClientSinkStats,
  type HttpClientTls,
  type HttpEndpointStats,
  httpClientSink,
  type RejectedEntry,
} from './http-client-sink.ts'
export type {
  HeartbeatOptions,
  LiveSink,
  LiveSinkEvents,
  LiveSinkOptions,
  LiveSinkStats,
  LiveViewer,
  ViewerCounts,
} from './live-sink.ts'
export { type SseSink, type SseSinkOptions, sseSink } from './sse-sink.ts'
export {
  type TcpClientSink,
  type TcpClientSinkEvents,
  type TcpClientSinkOptions,
  type TcpClientSinkStats,
  type TcpClientTls,
  tcpClientSink,
} from './tcp-client-sink.ts'
export { type DroppedLines, type TcpSink, type TcpSinkOptions, tcpSink } from './tcp-sink.ts'
export { type WebSocketSink, type WebSocketSinkOptions, webSocketSink } from './web-socket-sink.ts'
