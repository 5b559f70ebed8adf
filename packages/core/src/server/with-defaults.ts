/** An option that is there but undefined has its default, too. */

/** Fills in what is not given. */
export function withDefaults<Defaults extends object, Given extends object>(
  defaults: Defaults,
  given: Given | undefined,
): Omit<Given, keyof Defaults> & { [Name in keyof Defaults & keyof Given]-?: NonNullable<Given[Name]> } {
  const present = Object.fromEntries(Object.entries(given ?? {}).filter(([, value]) => value !== undefined))
  return { ...defaults, ...present } as never
}
