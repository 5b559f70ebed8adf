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
export { type OpenApiDocument, openApiDocument } from './open-api-document.ts'
