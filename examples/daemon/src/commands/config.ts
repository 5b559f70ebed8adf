/** `logwisp config`: the configuration as it is merged, each value with where it came from. */

import { stringify } from 'smol-toml'
import { loadConfig } from '../config/load.ts'
import { type LoadedConfig, originText, type ValueOrigin } from '../config/loaded-config.ts'
import { Secret } from '../config/secret.ts'
import { exitCodes } from '../exit-codes.ts'
import type { Invocation, Terminal } from './invocation.ts'
import { print } from './terminal/print.ts'
import { hasColors, styles } from './terminal/styles.ts'
import { padTo, visible, widthOf } from './terminal/visible.ts'
import { UsageError } from './usage-error.ts'

/** Its flags. */
export interface ConfigOptions {
  readonly diff?: true
  readonly toml?: true
  readonly json?: true
  readonly save?: true
}

/** One value. */
interface Leaf {
  readonly path: string
  /** As it may be shown: secrets are stars. */
  readonly value: unknown
  readonly origin: ValueOrigin
}

/** What is written behind a value in the list. */
const widestPath = 48
const widestValue = 60

/** Prints it, or saves it. Rejects with a ConfigError when it cannot be used. */
export async function config(invocation: Invocation, options: ConfigOptions, terminal: Terminal): Promise<number> {
  const { diff, toml, json, save } = options
  if (save && (diff ?? toml))
    throw new UsageError(`--save prints what it wrote: leave out ${diff ? '--diff' : '--toml'}`)
  const loaded = await loadConfig(invocation)
  if (save) return (await import('./save-config.ts')).saveConfigCommand(loaded, json === true, terminal)
  const leaves = leavesOf(loaded).filter(({ origin }) => diff !== true || origin.from !== 'default')
  if (toml) {
    await print(terminal.stdout, stringify(treeOf(leaves) as Record<string, unknown>))
  } else if (json) {
    const all = leaves.map(({ path, value, origin }) => ({ path, value, ...origin }))
    await print(terminal.stdout, `${JSON.stringify(all, undefined, 2)}\n`)
  } else {
    await print(terminal.stdout, listOf(leaves, hasColors(terminal.stdout, invocation.environment)))
  }
  return exitCodes.ok
}

/** Every value that there is, in the order of the schema's tables. */
function leavesOf({ config: root, origins }: LoadedConfig): readonly Leaf[] {
  const leaves: Leaf[] = []
  const walk = (value: unknown, path: string): void => {
    const origin = origins.get(path)
    if (origin !== undefined) leaves.push({ path, value: shown(value), origin })
    else if (value instanceof Secret || typeof value !== 'object' || value === null) {
      if (value !== undefined) leaves.push({ path, value: shown(value), origin: { from: 'default' } })
    } else {
      for (const [key, inner] of Object.entries(value)) walk(inner, path === '' ? key : `${path}.${key}`)
    }
  }
  walk(root, '')
  return leaves
}

/** A value without what must not be seen: secrets, and passwords in URLs. */
function shown(value: unknown): unknown {
  if (value instanceof Secret) return value.toString()
  if (typeof value === 'string') return value.replace(/^(\w+:\/\/[^/?#@:]*):[^/?#@]*@/, '$1:***@')
  if (Array.isArray(value)) return value.map(shown)
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, shown(inner)]))
  }
  return value
}

function listOf(leaves: readonly Leaf[], colors: boolean): string {
  const style = styles(colors)
  const rows = leaves.map(({ path, value, origin }) => ({
    path: visible(path),
    value: JSON.stringify(value) ?? '',
    where: origin.from === 'default' ? 'default' : visible(originText(origin)),
    isDefault: origin.from === 'default',
  }))
  const widest = (texts: readonly string[], limit: number): number =>
    Math.min(limit, Math.max(0, ...texts.map(widthOf)))
  const pathWidth = widest(
    rows.map(({ path }) => path),
    widestPath,
  )
  const valueWidth = widest(
    rows.map(({ value }) => value),
    widestValue,
  )
  return rows
    .map(({ path, value, where, isDefault }) => {
      const text = `${padTo(path, pathWidth)} = ${padTo(value, valueWidth)}`
      return isDefault ? style.dim(`${text}  ${where}\n`) : `${text}  ${style.cyan(where)}\n`
    })
    .join('')
}

/** The tables again, from dotted paths; a path's numbers are places in lists. */
function treeOf(leaves: readonly Leaf[]): unknown {
  const root = new Map<string, unknown>()
  for (const { path, value } of leaves) {
    const keys = path.split('.')
    let table = root
    for (const key of keys.slice(0, -1)) {
      let next = table.get(key)
      if (!(next instanceof Map)) table.set(key, (next = new Map<string, unknown>()))
      table = next as Map<string, unknown>
    }
    table.set(keys.at(-1) as string, value)
  }
  return plain(root)
}

function plain(value: unknown): unknown {
  if (!(value instanceof Map)) return value
  const keys = [...value.keys()]
  if (keys.length > 0 && keys.every((key) => /^\d+$/.test(key))) return [...value.values()].map(plain)
  return Object.fromEntries([...value].map(([key, inner]) => [key, plain(inner)]))
}
