/** What runs when no file says anything of pipelines. */

import type { ValueOrigin } from './loaded-config.ts'
import type { Written, WrittenTable } from './written.ts'

const byDefault: ValueOrigin = { from: 'default' }

/**
 * One pipeline, `default`: the `*.log` files of a directory, and a live stream on port 8080 of this machine.
 * Only what the schema's own defaults do not say already.
 */
export function defaultPipelines(directory: string): Written {
  const source = table({
    type: value('directory'),
    options: table({ path: value(directory), pattern: value('*.log') }),
  })
  const sink = table({ type: value('http') })
  return list([table({ name: value('default'), sources: list([source]), sinks: list([sink]) })])
}

function value(text: string): Written {
  return { kind: 'value', value: text, origin: byDefault }
}

function list(items: Written[]): Written {
  return { kind: 'list', items, origin: byDefault }
}

function table(keys: Readonly<Record<string, Written>>): WrittenTable {
  const entries = Object.entries(keys).map(([key, node]) => [key, { keyOrigin: byDefault, node }] as const)
  return { kind: 'table', entries: new Map(entries), origin: byDefault }
}
