/** Reads the `LOGWISP_…` variables. */

import type { Assignment } from './assignment.ts'
import { formsInside } from './coerce.ts'
import { configShape } from './config-shape.ts'
import type { Problem } from './loaded-config.ts'
import { olderKeys } from './older-spelling.ts'
import type { Shape } from './shape.ts'
import { suggest } from './suggest.ts'
import { suggestPaths } from './suggest-path.ts'

/** What the environment says. */
export interface ReadEnvironment {
  readonly assignments: readonly Assignment[]
  /** The target of all console sinks: `LOGWISP_CONSOLE_TARGET`. */
  readonly consoleTarget: ConsoleTarget | undefined
  readonly problems: readonly Problem[]
}

/** Where console sinks write. */
export type ConsoleTarget = 'stdout' | 'stderr' | 'split'

const prefix = 'LOGWISP_'

/** Variables that are ours but name no place of the configuration; the file's search reads the first two. */
const others: ReadonlySet<string> = new Set([
  'LOGWISP_CONFIG_FILE',
  'LOGWISP_CONFIG_DIR',
  'LOGWISP_CONSOLE_TARGET',
  'LOGWISP_STATE_DIR',
])

/**
 * The variables of the configuration. Only names that begin with `LOGWISP_` count; an empty one is as good as none.
 * A variable of ours that names nothing is a problem; what Kubernetes sets for a service called `logwisp` is not ours.
 */
export function readEnvironment(environment: NodeJS.ProcessEnv): ReadEnvironment {
  const assignments: Assignment[] = []
  const problems: Problem[] = []
  for (const [variable, text] of Object.entries(environment).sort(([left], [right]) => (left < right ? -1 : 1))) {
    if (!variable.startsWith(prefix) || text === undefined || text === '') continue
    if (others.has(variable) || isOfKubernetes(variable, text)) continue
    const origin = { from: 'environment', variable } as const
    const paths = pathsOf(variable)
    if (paths.length > 0) assignments.push({ paths, text, origin })
    else problems.push({ path: '', message: `is not a variable that LogWisp knows${meant(variable)}`, origin })
  }
  const stateDirectory = environment['LOGWISP_STATE_DIR']
  if (stateDirectory !== undefined && stateDirectory !== '') {
    const origin = { from: 'environment', variable: 'LOGWISP_STATE_DIR' } as const
    assignments.unshift({ paths: [['state_directory']], text: stateDirectory, origin })
  }
  const target = environment['LOGWISP_CONSOLE_TARGET']
  const consoleTarget = target === 'stdout' || target === 'stderr' || target === 'split' ? target : undefined
  if (consoleTarget === undefined && target !== undefined && target !== '') {
    const origin = { from: 'environment', variable: 'LOGWISP_CONSOLE_TARGET' } as const
    problems.push({
      path: '',
      message: `must be \`stdout\`, \`stderr\` or \`split\`, got ${JSON.stringify(target)}`,
      origin,
    })
  }
  return { assignments, consoleTarget, problems }
}

/** The name of the variable for a place. */
export function variableFor(path: string): string {
  return prefix + path.toUpperCase().replaceAll('.', '_')
}

/** The places that a variable may name; `_` stands for itself and for the dot between keys. */
function pathsOf(variable: string): readonly (readonly string[])[] {
  return [...walk(configShape, variable.slice(prefix.length))]
}

function* walk(shape: Shape, rest: string, above?: string): Generator<readonly string[]> {
  switch (shape.kind) {
    case 'leaf':
      if (rest === '') yield []
      else if (/^\d+$/.test(rest) && formsInside(shape.forms, rest) !== undefined) yield [rest]
      return
    case 'list': {
      const index = /^(0|[1-9]\d{0,5})_/.exec(rest)?.[1]
      if (index === undefined) return
      for (const path of walk(shape.item, rest.slice(index.length + 1))) yield [index, ...path]
      return
    }
    default: {
      const { keys } = shape.kind === 'choice' ? shape.any : shape
      const names = [...keys.keys()].map((key) => [key, key] as const)
      const older = above === 'options' ? Object.entries(olderKeys.options).filter(([, key]) => keys.has(key)) : []
      const longestFirst = [...names, ...older].sort(([left], [right]) => right.length - left.length)
      for (const [spelled, key] of longestFirst) {
        const inner = keys.get(key)
        if (inner === undefined) continue
        const name = spelled.toUpperCase()
        if (rest === name && inner.kind === 'leaf') yield [key]
        if (!rest.startsWith(`${name}_`)) continue
        for (const path of walk(inner, rest.slice(name.length + 1), key)) yield [key, ...path]
      }
    }
  }
}

/**
 * Kubernetes gives every container the addresses of the services around it, e.g. `LOGWISP_PORT=tcp://10.0.0.1:8080`
 * and `LOGWISP_SERVICE_HOST` for a service that is called `logwisp`.
 */
function isOfKubernetes(variable: string, text: string): boolean {
  if (/_PORT(_\d+_(TCP|UDP|SCTP))?$/.test(variable) && /^(tcp|udp|sctp):\/\//.test(text)) return true
  return (
    /_SERVICE_(HOST|PORT(_[A-Z0-9_]+)?)$/.test(variable) || /_PORT_\d+_(TCP|UDP|SCTP)_(PROTO|PORT|ADDR)$/.test(variable)
  )
}

function meant(variable: string): string {
  const known = suggestPaths(variable, variableFor)
  const own = suggest(variable, others, 3)
  const names = own === undefined ? known : [own, ...known]
  return names.length === 0 ? '' : `; did you mean ${names.join(' or ')}?`
}
