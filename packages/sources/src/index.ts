export { type DirectorySourceOptions, directorySource } from './directory-source.ts'
export {
  type FileEncoding,
  type FileSource,
  type FileSourceEvents,
  type FileSourceOptions,
  type FileSourceStats,
  type FollowOptions,
  type FollowStats,
  fileSource,
  type LongLinePolicy,
  type StartAt,
} from './file-source.ts'
export {
  type ClientAuth,
  type ClientTls,
  type SseSource,
  type SseSourceEvents,
  type SseSourceOptions,
  type SseSourceStats,
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
