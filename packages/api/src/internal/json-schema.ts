/** JSON Schema, as far as the OpenAPI document uses it. */

/** A schema; `$ref` points to one of the document's own. */
export interface JsonSchema {
  readonly $ref?: string
  readonly type?: JsonType | readonly JsonType[]
  readonly const?: string | boolean
  readonly enum?: readonly string[]
  readonly description?: string
  readonly format?: string
  readonly pattern?: string
  readonly minLength?: number
  readonly maxLength?: number
  readonly minimum?: number
  readonly maximum?: number
  readonly default?: string | number
  readonly examples?: readonly unknown[]
  readonly items?: JsonSchema
  readonly maxItems?: number
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: boolean | JsonSchema
  readonly anyOf?: readonly JsonSchema[]
}

type JsonType = 'string' | 'number' | 'integer' | 'boolean' | 'object' | 'array' | 'null'

/** One of the document's schemas. */
export function schemaNamed(name: string): JsonSchema {
  return { $ref: `#/components/schemas/${name}` }
}
