/** Whether a value is as a schema says, as far as the API's document uses JSON Schema. */

import type { JsonSchema } from '../src/internal/json-schema.ts'

/** What is wrong, by place. */
export function schemaProblems(
  value: unknown,
  schema: JsonSchema,
  document: { readonly components: { readonly schemas: Readonly<Record<string, JsonSchema>> } },
  place = '$',
): string[] {
  const problems: string[] = []
  if (schema.$ref !== undefined) {
    const named = document.components.schemas[schema.$ref.split('/').at(-1) as string] as JsonSchema
    problems.push(...schemaProblems(value, named, document, place))
  }
  const types = schema.type === undefined ? [] : [schema.type].flat()
  if (types.length > 0 && !types.some((type) => isOfType(value, type as string))) {
    return [...problems, `${place}: expected ${types.join(' or ')}, got ${JSON.stringify(value)}`]
  }
  if (schema.const !== undefined && value !== schema.const) problems.push(`${place}: expected ${schema.const}`)
  if (schema.enum !== undefined && !schema.enum.includes(value as string)) problems.push(`${place}: none of the words`)
  if (schema.pattern !== undefined && typeof value === 'string' && !new RegExp(schema.pattern).test(value)) {
    problems.push(`${place}: ${JSON.stringify(value)} is not of the form ${schema.pattern}`)
  }
  if (schema.minimum !== undefined && typeof value === 'number' && value < schema.minimum)
    problems.push(`${place}: too low`)
  if (Array.isArray(value) && schema.items !== undefined) {
    const { items } = schema
    problems.push(...value.flatMap((item, at) => schemaProblems(item, items, document, `${place}[${at}]`)))
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return problems
  for (const name of schema.required ?? []) if (!(name in value)) problems.push(`${place}: ${name} is missing`)
  for (const [name, inner] of Object.entries(value)) {
    const known = schema.properties?.[name]
    if (known !== undefined) problems.push(...schemaProblems(inner, known, document, `${place}.${name}`))
    else if (schema.additionalProperties === false) problems.push(`${place}: ${name} is not in the document`)
  }
  return problems
}

function isOfType(value: unknown, type: string): boolean {
  if (type === 'null') return value === null
  if (type === 'array') return Array.isArray(value)
  if (type === 'integer') return Number.isInteger(value)
  if (type === 'object') return typeof value === 'object' && value !== null && !Array.isArray(value)
  return typeof value === type
}
