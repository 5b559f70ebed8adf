/** What looking at a configuration has found. */

import type { LoadedConfig, Notice, Problem, ValueOrigin } from '../config/loaded-config.ts'

/** Something to say about one place of the configuration. */
export interface Finding {
  /** `problem`: it cannot run, or will not do what it says. */
  readonly severity: 'problem' | 'warning' | 'notice'
  /** The dotted path. */
  readonly path: string
  /** What is so, and what to do. */
  readonly message: string
}

/** A finding and the place where its value was written. */
export type PlacedFinding = (Problem | Notice) & Finding

/** Finds where the value was written; for one that has its default, where the table around it was. */
export function placed(finding: Finding, origins: LoadedConfig['origins']): PlacedFinding {
  return { ...finding, origin: originOf(finding.path, origins) }
}

function originOf(path: string, origins: LoadedConfig['origins']): ValueOrigin | undefined {
  for (let place = path; place !== ''; place = place.slice(0, Math.max(0, place.lastIndexOf('.')))) {
    const own = origins.get(place)
    if (own !== undefined && own.from !== 'default') return own
    if (!/^pipelines\.\d+$/.test(place)) {
      for (const [leaf, origin] of origins) {
        if (leaf.startsWith(`${place}.`) && origin.from !== 'default') return origin
      }
    } else break
  }
  return origins.get(path)
}
