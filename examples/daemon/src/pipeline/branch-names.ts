/** What the sinks of a pipeline are called in the books. Pure. */

/** Their types; from the second of a type on with a number: `file`, `file-2`. */
export function branchNames(sinks: readonly { readonly type: string }[]): readonly string[] {
  const seen = new Map<string, number>()
  return sinks.map(({ type }) => {
    const count = (seen.get(type) ?? 0) + 1
    seen.set(type, count)
    return count === 1 ? type : `${type}-${count}`
  })
}
