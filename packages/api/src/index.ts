export type {
  ApiCompletions,
  ApiEntry,
  ApiEntryPage,
  ApiHealth,
  ApiHistogram,
  ApiInserted,
  ApiLevelCounts,
  ApiNewEntry,
  ApiOperations,
  ApiPaths,
  ApiProblem,
  ApiStreamEnd,
  ApiStreamGap,
  ApiStreamOpen,
} from './api-types.ts'
export {
  type LogsApi,
  type LogsApiEvents,
  type LogsApiIngestOptions,
  type LogsApiOptions,
  type LogsApiStats,
  logsApi,
} from './logs-api.ts'
export { type OpenApiDocument, openApiDocument } from './open-api-document.ts'
