/**
 * What stages that serve share, and what a server of your own can use: listening, access control, certificates, answers.
 */

export {
  type AccessControl,
  type AccessSocket,
  type AccessStats,
  type AdmittedConnection,
  type Credentials,
  type Identity,
  isRefusal,
  type Refusal,
  type RefusalReason,
  type Right,
  type Standing,
} from './server/access.ts'
export {
  type AccessControlEvents,
  type AccessControlOptions,
  accessControl,
  identityOf,
  type RefusedRate,
} from './server/access-control.ts'
export { addressFrom, networkOf } from './server/address.ts'
export type { CertificateRule } from './server/certificate-names.ts'
export type { CredentialOptions } from './server/credential-check.ts'
export {
  type ServerSentEvent,
  serverSentComment,
  serverSentEnd,
  serverSentEvent,
  serverSentId,
  serverSentRetry,
} from './server/event-stream.ts'
export type { FailureOptions } from './server/failure-backoff.ts'
export type { ForwardedHeader } from './server/forwarded.ts'
export { guardConnections } from './server/guard-connections.ts'
export { type HostCheck, type HostCheckOptions, hostCheck, hostCheckFor } from './server/host-check.ts'
export { type ErrorStatus, refusalHeaders, replyError, replyJson, replyRefusal } from './server/http-reply.ts'
export type { JwtKeys, JwtOptions } from './server/json-web-tokens.ts'
export {
  type HttpTimeouts,
  isLoopback,
  type Listener,
  type ListenOptions,
  listenHttp,
  listenTcp,
} from './server/listen.ts'
export { hashPassword } from './server/password-hash.ts'
export type { PasswordOptions, PasswordVerifier, UserRule } from './server/passwords.ts'
export type { Rate, Rates } from './server/rate-limit.ts'
export { type BadTarget, type RequestTarget, requestTarget } from './server/request-target.ts'
export {
  type ReloadableTls,
  type ServerTls,
  type ServerTlsEvents,
  type ServerTlsOptions,
  serverTls,
} from './server/server-tls.ts'
export { standings } from './server/standings.ts'
export { hashToken, type TokenRule } from './server/static-tokens.ts'
export { responseOn, showOfferedToken } from './server/upgrade-request.ts'
export { type PlaceLimits, type ReleasePlace, ViewerPlaces } from './server/viewer-places.ts'
