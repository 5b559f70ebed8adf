/**
 * Where the page is: `/` is the home of all pipelines, `/app/` that of one. Everything is found relative to the page's own
 * files, so that a proxy may put it below a path of its own. What was chosen is kept in the address, to share it.
 */

/** @type {URL} */
const root = new URL('..', import.meta.url)

/** The pipeline whose own page this is; undefined on the home. @type {string | undefined} */
export const onlyPipeline =
  decodeURIComponent(location.pathname.slice(root.pathname.length)).replace(/\/$/, '') || undefined

/** @type {URL} */
export const statusAddress = new URL('status', location.href)

/** The home. @type {URL} */
export const homeAddress = root

/** The address of a path of the server, e.g. `/app/stream`. @param {string} path */
export function addressOf(path) {
  return new URL(path.replace(/^\/+/, ''), root)
}

/** @returns {{ pipeline: string, level: string, match: string }} */
export function readChoice() {
  const said = new URLSearchParams(location.hash.slice(1))
  return { pipeline: said.get('pipeline') ?? '', level: said.get('level') ?? '', match: said.get('match') ?? '' }
}

/** @param {{ pipeline: string, level: string, match: string }} choice */
export function hashOf(choice) {
  const kept = Object.entries(choice).filter(([, value]) => value !== '')
  return kept.length === 0 ? '#' : `#${new URLSearchParams(kept)}`
}

/** @param {{ pipeline: string, level: string, match: string }} choice */
export function writeChoice(choice) {
  if (hashOf(choice) !== (location.hash || '#')) history.replaceState(undefined, '', hashOf(choice))
}
