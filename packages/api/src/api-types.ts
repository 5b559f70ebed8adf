/** What the API answers, as types of a client. Made from the OpenAPI document; no import of Node: pages use them too. */

import type { components, operations, paths } from './internal/open-api-types.ts'

/** Every path of the API, as `openapi-typescript` writes it: what `openapi-fetch` and the like take. */
export interface ApiPaths extends paths {}
/** Every operation, by its `operationId`: its parameters, its body and its answers. */
export interface ApiOperations extends operations {}

type Schemas = components['schemas']

/** A stored entry. */
export type ApiEntry = Schemas['Entry']
/** A page of `GET /logs?format=entries`. */
export type ApiEntryPage = Schemas['EntryPage']
/** An answer of `GET /logs/histogram`. */
export type ApiHistogram = Schemas['Histogram']
/** Entries by level. */
export type ApiLevelCounts = Schemas['LevelCounts']
/** An answer of `GET /logs/completions`. */
export type ApiCompletions = Schemas['Completions']
/** Data of the event `open` of `GET /logs/stream`. */
export type ApiStreamOpen = Schemas['StreamOpen']
/** Data of its event `gap`. */
export type ApiStreamGap = Schemas['StreamGap']
/** Data of its event `end`. */
export type ApiStreamEnd = Schemas['StreamEnd']
/** An entry as `POST /logs` takes it. */
export type ApiNewEntry = Schemas['NewEntry']
/** An answer of `POST /logs`. */
export type ApiInserted = Schemas['Inserted']
/** An answer whose status is 400 or more. */
export type ApiProblem = Schemas['Problem']
/** An answer of `GET /healthz`. */
export type ApiHealth = Schemas['Health']
