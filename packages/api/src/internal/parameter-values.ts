/** Reads the parameters of a request: all that it has, and none that it should not have. */

import { BadParameter, type Parameter } from './parameter.ts'

/** The values of a list of parameters, by name. */
export type ParameterValues<List extends readonly Parameter[]> = {
  readonly [One in List[number] as One['name']]: One extends { readonly isRequired: true }
    ? ReturnType<One['read']>
    : ReturnType<One['read']> | undefined
}

/** Where a request says something. */
export interface ParameterTexts {
  readonly query: URLSearchParams
  /** The parameters of its path. */
  readonly path: Readonly<Record<string, string>>
  readonly header: Readonly<Record<string, string | readonly string[] | undefined>>
}

/** @throws BadParameter for what is unknown, missing, there twice or no value of its kind. */
export function parameterValues<const List extends readonly Parameter[]>(
  list: List,
  { query, path, header }: ParameterTexts,
): ParameterValues<List> {
  const known = new Set(list.filter((one) => (one.in ?? 'query') === 'query').map(({ name }) => name))
  for (const name of query.keys()) {
    if (!known.has(name)) throw new BadParameter(name, unknownMessage(name, known))
    if (query.getAll(name).length > 1) throw new BadParameter(name, `${name} is there more than once: give it once`)
  }
  const values: Record<string, unknown> = {}
  for (const { name, in: where = 'query', isRequired = false, read } of list) {
    const text = where === 'query' ? query.get(name) : where === 'path' ? path[name] : header[name.toLowerCase()]
    // An empty one is what a form sends that was not filled in.
    if (typeof text === 'string' && text !== '') values[name] = read(text)
    else if (isRequired) throw new BadParameter(name, `${name} is missing`)
  }
  return values as ParameterValues<List>
}

function unknownMessage(name: string, known: ReadonlySet<string>): string {
  const shown = JSON.stringify(name.slice(0, 60))
  return known.size === 0
    ? `${shown} is no parameter: none is taken here`
    : `${shown} is no parameter: they are ${[...known].join(', ')}`
}
