/** What was searched for in this browser, newest first. */

const key = 'logwisp.searches'

/** More are not found again anyway. */
export const maxSearches = 20

/** Longer ones are made by programs. */
const maxLength = 1_000

/** The list with this search first; nothing is there twice, and empty ones are not kept. */
export function withSearch(searches: readonly string[], text: string): readonly string[] {
  const search = text.trim()
  if (search === '' || search.length > maxLength) return searches
  return [search, ...searches.filter((each) => each !== search)].slice(0, maxSearches)
}

/** What is kept; nothing when the browser keeps nothing, or something else wrote there. */
export function readSearches(storage: () => Pick<Storage, 'getItem'> = () => localStorage): readonly string[] {
  try {
    const kept: unknown = JSON.parse(storage().getItem(key) ?? '[]')
    return Array.isArray(kept) ? kept.filter((each) => typeof each === 'string').slice(0, maxSearches) : []
  } catch {
    return []
  }
}

/** Keeps them if the browser keeps anything: a private window may not. */
export function keepSearches(
  searches: readonly string[],
  storage: () => Pick<Storage, 'setItem' | 'removeItem'> = () => localStorage,
): void {
  try {
    if (searches.length === 0) storage().removeItem(key)
    else storage().setItem(key, JSON.stringify(searches))
  } catch {
    // A full or forbidden storage: the history lasts as long as the page.
  }
}
