export { type DirectorySourceOptions, directorySource } from './directory-source.ts'
export {
  type FileEncoding,
  type FileSource,
  type FileSourceEvents,
  type FileSourceOptions,
  type FileSourceStats,
  type FollowedFile,
  type FollowOptions,
  type FollowStats,
  fileSource,
  type LongLinePolicy,
  type StartAt,
} from './file-source.ts'
export {
  type HttpSource,
  type HttpSourceEvents,
  type HttpSourceOptions,
  type HttpSourceStats,
  httpSource,
  type IngestOutcome,
  type IngestProblem,
  type RequestCounts,
} from './http-source.ts'
export {
  type ClientAuth,
  type ClientTls,
  type ResumeEvents,
  type ResumeOptions,
  type ResumeStats,
  type SseSource,
  type SseSourceOptions,
  sseSource,
} from './sse-source.ts'
export { type StdinSource, type StdinSourceOptions, type StdinSourceStats, stdinSource } from './stdin-source.ts'
export {
  type TcpSender,
  type TcpSource,
  type TcpSourceEvents,
  type TcpSourceOptions,
  type TcpSourceStats,
  tcpSource,
} from './tcp-source.ts'
export {
  type WebSocketIngest,
  type WebSocketIngestEvents,
  type WebSocketIngestOptions,
  type WebSocketIngestStats,
  type WebSocketPlace,
  type WebSocketSender,
  type WebSocketSource,
  type WebSocketSourceOptions,
  webSocketSource,
} from './web-socket-source.ts'
