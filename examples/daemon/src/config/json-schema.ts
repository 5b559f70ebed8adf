/** The schema for editors: what `logwisp schema` prints, and the pages of the documentation are made from. */

import { z } from 'zod'
import { configSchema } from './schema.ts'

/** One place of a JSON Schema (draft 2020-12), as far as ours goes. */
export interface SchemaNode {
  readonly type?: string
  readonly title?: string
  readonly description?: string
  readonly default?: unknown
  readonly examples?: readonly unknown[]
  readonly properties?: Readonly<Record<string, SchemaNode>>
  readonly required?: readonly string[]
  readonly additionalProperties?: boolean | SchemaNode
  readonly items?: SchemaNode
  readonly oneOf?: readonly SchemaNode[]
  readonly anyOf?: readonly SchemaNode[]
  readonly const?: unknown
  readonly enum?: readonly unknown[]
}

const example = {
  pipelines: [
    {
      name: 'app',
      sources: [{ type: 'directory', options: { path: '/var/log/app', pattern: '*.log' } }],
      filters: [{ type: 'include', patterns: ['ERROR', 'WARN'] }],
      sinks: [{ type: 'http', options: { port: 8080 } }],
    },
  ],
}

/** Keywords of our own, which editors need not know. */
const ownKeywords = ['secret', 'expected']

/** The JSON Schema of a configuration as one writes it: nothing that has a default is required. */
export function jsonSchema(): SchemaNode {
  const { $schema, ...schema } = z.toJSONSchema(configSchema, {
    io: 'input',
    target: 'draft-2020-12',
    override: ({ jsonSchema: node }) => {
      for (const keyword of ownKeywords) delete (node as Record<string, unknown>)[keyword]
    },
  })
  return {
    $schema,
    title: 'Configuration of LogWisp',
    description: 'Sources, filters and sinks of each pipeline, and how the daemon runs.',
    ...schema,
    properties: {
      $schema: { type: 'string', description: 'Where this schema is; for editors.' },
      ...schema.properties,
    },
    examples: [example],
  } as SchemaNode
}
