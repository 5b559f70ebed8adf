/** What is said of a configuration: in the order in which it was written, each thing once. */

import { ConfigError, type Notice, type Problem, type ValueOrigin } from './loaded-config.ts'
import { originAt } from './origins.ts'
import type { WrittenTable } from './written.ts'

/** More than anybody reads; a file that is something else altogether has one for every line. */
const maxProblems = 200

/** The error with all these problems, or the first of them. */
export function configFailure(problems: readonly Problem[], tree: WrittenTable): ConfigError {
  const all = inOrder(problems, tree)
  const rest = all.length - maxProblems
  if (rest <= 0) return new ConfigError(all)
  const more = { path: '', message: `and ${rest} more problems`, origin: undefined }
  return new ConfigError([...all.slice(0, maxProblems), more])
}

/** By their place in the file; then what came from elsewhere, in the order in which it was found. Each once. */
export function inOrder<Said extends Problem | Notice>(said: readonly Said[], tree: WrittenTable): readonly Said[] {
  const once = new Map(said.map((each) => [`${each.path}: ${each.message}`, each]))
  return [...once.values()]
    .map((each) => ({ ...each, origin: each.origin ?? originAt(tree, each.path) }))
    .toSorted((left, right) => compareOrigins(left.origin, right.origin))
}

/** Those of `found` that are about something else than what is known already. */
export function notToldYet(found: readonly Problem[], known: readonly Problem[]): readonly Problem[] {
  // What `type` says is about the table that it is in.
  const places = known.map(({ path }) => path.replace(/\.type$/, ''))
  return found.filter(({ path }) => !places.some((place) => isWithin(path, place) || isWithin(place, path)))
}

function isWithin(path: string, place: string): boolean {
  return path === place || path.startsWith(`${place}.`)
}

function compareOrigins(left: ValueOrigin | undefined, right: ValueOrigin | undefined): number {
  if (left?.from !== 'file' || right?.from !== 'file') {
    return Number(right?.from === 'file') - Number(left?.from === 'file')
  }
  return left.line - right.line || left.column - right.column
}
