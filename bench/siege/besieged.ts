/** What the processes of a siege are told, and tell each other. */

/** A stage that serves, to be besieged. */
export interface BesiegedTask {
  readonly stage: 'httpSource' | 'tcpSource' | 'webSocketSource' | 'sseSink' | 'webSocketSink' | 'tcpSink'
  readonly maxConnections: number
  /** What a sink is given: one entry every so many ms, with so many bytes of text. */
  readonly entryBytes: number
  readonly entryEveryMs: number
}

/** Those who besiege it. */
export interface BesiegersTask {
  readonly port: number
  readonly connections: number
  /**
   * `loris-http-head`, `loris-http-body`, `loris-line`: sends one byte at a time and never comes to an end. `stuck-sse`,
   * `stuck-web-socket`, `stuck-line`: asks for the stream and reads nothing of it. `open-sse`, `open-web-socket`: reads all.
   */
  readonly way:
    | 'loris-http-head'
    | 'loris-http-body'
    | 'loris-line'
    | 'stuck-sse'
    | 'stuck-web-socket'
    | 'stuck-line'
    | 'open-sse'
    | 'open-web-socket'
  /** Between two bytes of a connection. */
  readonly byteEveryMs: number
}

/** A well-behaved client beside them. */
export interface BystanderTask {
  readonly port: number
  readonly stage: BesiegedTask['stage']
  readonly everyMs: number
}

/** How long it took a well-behaved client, since it was asked last. */
export interface BystanderReport {
  readonly count: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly maxMs: number
  /** What went wrong, when something did. */
  readonly problem?: string | undefined
}

/** Entries are sent to two endpoints. */
export interface SenderTask {
  readonly protocol: 'http' | 'tcp'
  readonly goodPort: number
  readonly badPort: number
  readonly entryBytes: number
  readonly entryEveryMs: number
}

/** A good one and a bad one. */
export interface EndpointsTask {
  readonly protocol: 'http' | 'tcp'
}

/** How a bad one is: takes everything, answers nothing; says 200 and then one byte a second; resets connections; or as it should be. */
export type EndpointMood = 'well' | 'hung' | 'slow' | 'reset'
