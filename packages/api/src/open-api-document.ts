/** The API, told to programs. */

import { schemaNamed } from './internal/json-schema.ts'
import { type Operation, operations } from './internal/open-api/operations.ts'
import { schemas } from './internal/open-api/schemas.ts'

/** A document of OpenAPI 3.1. */
export interface OpenApiDocument {
  /** The version of OpenAPI. */
  readonly openapi: '3.1.0'
  /** What it is about. */
  readonly info: Readonly<Record<string, unknown>>
  /** Where the API is, relative to the document. */
  readonly servers: readonly { readonly url: string }[]
  /** What is asked for where. */
  readonly paths: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  /** Schemas, answers and ways of showing who one is. */
  readonly components: Readonly<Record<string, Readonly<Record<string, unknown>>>>
}

const phrases: Readonly<Record<number, string>> = {
  400: 'The request can not be understood; `parameter` says where.',
  401: 'It must be shown who asks.',
  403: 'Whoever asks may not do this, or is not let in.',
  404: 'There is no such entry.',
  408: 'The body came too slowly.',
  411: 'Neither `Content-Length` nor chunks.',
  413: 'The body, or an entry in it, is too large.',
  414: 'The query is too long.',
  415: 'The body’s type, charset or coding is not read.',
  429: 'Too much was asked for; `Retry-After` says when to come again.',
  500: 'Something went wrong here.',
  501: 'The body’s transfer coding is not read.',
  503: 'Not at this time; `Retry-After` says when to come again.',
  504: 'The entries were taken, but it is not known whether they are stored: send them again with the same key.',
}

/**
 * The document that `logsApi` serves as `openapi.json`: every path, parameter and status of it.
 *
 * @param path The path of entries, as `logsApi` has it. Its last segment is the document's; what stands before it is
 * where the document itself is.
 *
 * @example
 * ```ts
 * import { writeFileSync } from 'node:fs'
 * import { openApiDocument } from '@logwisp/api'
 *
 * writeFileSync('openapi.json', JSON.stringify(openApiDocument()))
 * ```
 */
export function openApiDocument(path: string = '/logs'): OpenApiDocument {
  const below = path.slice(path.lastIndexOf('/'))
  const paths: Record<string, Record<string, unknown>> = {}
  for (const operation of Object.values<Operation>(operations)) {
    const at = operation.isBase ? operation.path : below + operation.path
    paths[at] = { ...paths[at], [operation.method]: described(operation) }
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'LogWisp',
      version: '1.0.0',
      summary: 'A store of log entries: take, page, search, count, stream, export.',
      license: { name: 'BSD-3-Clause', identifier: 'BSD-3-Clause' },
    },
    servers: [{ url: '.' }],
    paths,
    components: {
      schemas,
      responses: Object.fromEntries(
        Object.entries(phrases).map(([status, description]) => [
          `Problem${status}`,
          { description, content: { 'application/json': { schema: schemaNamed('Problem') } } },
        ]),
      ),
      securitySchemes: {
        basic: { type: 'http', scheme: 'basic' },
        bearer: { type: 'http', scheme: 'bearer' },
      },
    },
  }
}

function described(operation: Operation): Readonly<Record<string, unknown>> {
  const { id, summary, description, right, parameters, takes, gives, problems } = operation
  const responses: Record<string, unknown> = { 200: { description: summary, content: contentOf(gives) } }
  for (const status of problems) responses[status] = { $ref: `#/components/responses/Problem${status}` }
  return {
    operationId: id,
    summary,
    ...(description === undefined ? {} : { description }),
    ...(right === undefined ? {} : { security: [{}, { basic: [] }, { bearer: [] }] }),
    parameters: parameters.map(({ name, in: where = 'query', description, schema, isRequired = false }) => ({
      name,
      in: where,
      description,
      required: isRequired,
      schema,
    })),
    ...(takes === undefined ? {} : { requestBody: { required: true, content: contentOf(takes) } }),
    responses,
  }
}

function contentOf(types: Operation['gives']): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(types).map(([type, schema]) => [type, { schema }]))
}
