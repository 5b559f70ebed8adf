/** Finds the places of the configuration that an unknown name on the command line or in the environment meant. */

import { leafPaths } from './config-shape.ts'
import { suggest } from './suggest.ts'

const maxSuggestions = 3

/** In a long name a third of the letters would be a whole other word. */
const maxSlips = 3

/**
 * The names that were probably meant, the likeliest first; none when nothing is near. First the nearest in spelling;
 * otherwise those that end in the same word, such as `--logging.level` for `--level`.
 *
 * @param spell how a dotted path is written where the name was found
 */
export function suggestPaths(name: string, spell: (path: string) => string): readonly string[] {
  const indices = [...name.matchAll(/(?<=[._])\d+(?=[._]|$)/g)].map(([index]) => index)
  const wanted = name.replace(/(?<=[._])\d+(?=[._]|$)/g, '0')
  const paths = new Map(leafPaths.map((path) => [spell(path), path]))
  const near = suggest(wanted, paths.keys(), Math.min(maxSlips, Math.floor(wanted.length / 3)))
  const found = near === undefined ? sameEnd(wanted, paths) : [near]
  return found.slice(0, maxSuggestions).map((each) => withIndices(each, indices))
}

function sameEnd(wanted: string, paths: ReadonlyMap<string, string>): readonly string[] {
  const last = (path: string): string => path.slice(path.lastIndexOf('.') + 1)
  const plain = wanted.toLowerCase()
  const ends = [...new Set([...paths.values()].map(last))].sort((left, right) => right.length - left.length)
  const end =
    ends.find((key) => new RegExp(`(^|[._-])${key}$`).test(plain)) ?? suggest(last(plain).replace(/^-+/, ''), ends)
  const names = [...paths].filter(([, path]) => last(path) === end).map(([name]) => name)
  return names.sort((left, right) => shared(right, wanted) - shared(left, wanted) || left.length - right.length)
}

/** How many letters two names begin with in common. */
function shared(left: string, right: string): number {
  let at = 0
  while (at < left.length && left[at] === right[at]) at++
  return at
}

function withIndices(name: string, indices: readonly string[]): string {
  const rest = [...indices]
  return name.replace(/(?<=[._])0(?=[._]|$)/g, () => rest.shift() ?? '0')
}
