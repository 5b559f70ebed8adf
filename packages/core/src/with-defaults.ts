/** Options with their defaults. An option that is there but undefined has its default, too. */

/** Options of which those that have a default are always there. */
export type WithDefaults<Given extends object, Defaults extends object> = Omit<Given, keyof Defaults> & {
  readonly [Name in keyof Defaults & keyof Given]-?: NonNullable<Given[Name]>
}

/** `given` over `defaults`, leaving out what is undefined. Checks nothing: `checkOptions` comes before it. */
export function withDefaults<Given extends object, Defaults extends object>(
  defaults: Defaults,
  given: Given | undefined,
): WithDefaults<Given, Defaults> {
  const present = Object.fromEntries(Object.entries(given ?? {}).filter(([, value]) => value !== undefined))
  return { ...defaults, ...present } as never
}
