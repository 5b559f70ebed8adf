/** Checks the options within an option, so that a refusal names the whole way: `requestRate.perAddress.burst`. */

import { checkArgument, checkOptions, type OptionRule } from '../options.ts'

/** An option that has options of its own, checked by {@link checkNested}. */
export const objectRule: OptionRule = {
  expected: 'an object',
  isSecret: true,
  accepts: (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
}

/**
 * Checks the object that stands under `path`, if it is there.
 *
 * @throws OptionError `BAD_OPTION`.
 */
export function checkNested(
  stage: string,
  path: string,
  value: unknown,
  rules: Readonly<Record<string, OptionRule>>,
  needed: readonly string[] = [],
): void {
  if (value === undefined) return
  checkArgument(stage, path, value, objectRule)
  checkOptions(stage, below(path, value as object), below(path, rules))
  for (const name of needed) {
    const item = (value as Record<string, unknown>)[name]
    checkArgument(stage, `${path}.${name}`, item, rules[name] as OptionRule)
  }
}

function below<Value>(path: string, object: { readonly [name: string]: Value } | object): Record<string, Value> {
  return Object.fromEntries(Object.entries(object).map(([name, item]) => [`${path}.${name}`, item as Value]))
}
