/** What other versions of LogWisp wrote otherwise, turned into the words of the schema. */

import { configShape } from './config-shape.ts'
import type { Notice, Problem } from './loaded-config.ts'
import { type LeafShape, type Shape, tableOf } from './shape.ts'
import type { Written, WrittenEntry, WrittenTable, WrittenValue } from './written.ts'

/** What {@link modernise} found. */
export interface Modernised {
  /** The same tree. */
  readonly tree: WrittenTable
  readonly notices: readonly Notice[]
  readonly problems: readonly Problem[]
}

/** What the ancestor's save-on-exit wrote of its own, and keys that are commands here. They mean nothing in a file. */
const internalKeys = new Set(['background-daemon', 'background_daemon', 'config', 'version', 'help'])

/** Keys that have another name in the ancestor's documentation than in its code; by the table that they are in. */
export const olderKeys: Readonly<Record<'options', Readonly<Record<string, string>>>> = {
  options: { rate_limit: 'net_limit' },
}

/** Words that have another name in other versions. `*` stands for an index. */
const olderWords: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'pipelines.*.format': { txt: 'text' },
  'pipelines.*.sinks.*.options.format': { txt: 'text' },
  'pipelines.*.sources.*.type': { console: 'stdin' },
  'pipelines.*.sinks.*.type': { console: 'stdout' },
  'logging.console.format': { text: 'txt' },
  'logging.level': { warning: 'warn' },
}

/** Texts that the ancestor took for "not given" when they are empty. */
const unsetWhenEmpty = new Set(
  (
    'users_file realm jwks_url signing_key issuer audience cert_file key_file client_ca_file min_version max_version ' +
    'cipher_suites limit_by response_message template timestamp_format policy format target logic pattern ingest_path ' +
    'stream_path status_path'
  ).split(' '),
)

/** Numbers that the ancestor took for "the default" when they are 0. */
const unsetWhenZero = new Set(['response_code', 'requests_per_second', 'burst_size', 'interval_seconds', 'buffer_size'])

/** Go's names of the ciphers of TLS 1.2, and OpenSSL's. */
const cipherNames: Readonly<Record<string, string>> = {
  TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256: 'ECDHE-ECDSA-AES128-GCM-SHA256',
  TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384: 'ECDHE-ECDSA-AES256-GCM-SHA384',
  TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305: 'ECDHE-ECDSA-CHACHA20-POLY1305',
  TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256: 'ECDHE-ECDSA-CHACHA20-POLY1305',
  TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA: 'ECDHE-ECDSA-AES128-SHA',
  TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA: 'ECDHE-ECDSA-AES256-SHA',
  TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256: 'ECDHE-RSA-AES128-GCM-SHA256',
  TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384: 'ECDHE-RSA-AES256-GCM-SHA384',
  TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305: 'ECDHE-RSA-CHACHA20-POLY1305',
  TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256: 'ECDHE-RSA-CHACHA20-POLY1305',
  TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA: 'ECDHE-RSA-AES128-SHA',
  TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA: 'ECDHE-RSA-AES256-SHA',
  TLS_RSA_WITH_AES_128_GCM_SHA256: 'AES128-GCM-SHA256',
  TLS_RSA_WITH_AES_256_GCM_SHA384: 'AES256-GCM-SHA384',
}

/**
 * Turns older names and forms into those of the schema, in place; what has been turned already stays. Nodes keep their
 * origins, so that what is said later of a value still names its place.
 *
 * - `rate_limit` in the options of a source or a sink is `net_limit`; `--` names with dashes are those with underscores.
 * - `txt` is `text`, `console` a `stdin` source or a `stdout` sink; words count in upper and lower case.
 * - `"true"` and `"8080"` where a boolean or a number is wanted are those: so does the ancestor save flags.
 * - `null`, an empty text and 0 are as if not given, where the ancestor has it so.
 */
export function modernise(tree: WrittenTable): Modernised {
  const work = new Modernising()
  // What tells an editor the schema of a JSON file.
  tree.entries.delete('$schema')
  for (const key of internalKeys) {
    const entry = tree.entries.get(key)
    if (entry === undefined) continue
    tree.entries.delete(key)
    const message = 'means nothing in a file: LogWisp in Go wrote it there by itself; it can be removed'
    work.notices.push({ path: key, message, origin: entry.keyOrigin, severity: 'notice' })
  }
  work.table(tree, configShape, [])
  return { tree, notices: work.notices, problems: work.problems }
}

class Modernising {
  readonly notices: Notice[] = []
  readonly problems: Problem[] = []

  table(table: WrittenTable, shape: Extract<Shape, { kind: 'table' | 'choice' }>, path: readonly string[]): void {
    if (shape.kind === 'choice') {
      const decider = table.entries.get(shape.by)
      if (decider !== undefined) {
        const node = modernWord(decider.node, shape.any.keys.get(shape.by), [...path, shape.by])
        table.entries.set(shape.by, { ...decider, node })
      }
    }
    const { keys } = tableOf(shape, textOf(shape.kind === 'choice' ? table.entries.get(shape.by)?.node : undefined))
    const entries = [...table.entries]
    const given = new Set(table.entries.keys())
    table.entries.clear()
    for (const [key, entry] of entries) {
      const name = this.#nameOf(key, keys, given, path, entry)
      const node = this.#node(entry.node, keys.get(name), [...path, name])
      if (node !== undefined) table.entries.set(name, { ...entry, node })
    }
  }

  #nameOf(
    key: string,
    keys: ReadonlyMap<string, Shape>,
    given: ReadonlySet<string>,
    path: readonly string[],
    { keyOrigin }: WrittenEntry,
  ): string {
    if (keys.has(key)) return key
    const underscored = key.replaceAll('-', '_')
    const older = path.at(-1) === 'options' ? olderKeys.options[underscored] : undefined
    const name = older ?? underscored
    if (name === key || !keys.has(name)) return key
    if (given.has(name)) {
      const message = `is another spelling of \`${name}\`, which is given too: keep one of them`
      this.problems.push({ path: [...path, key].join('.'), message, origin: keyOrigin })
      return key
    }
    if (older !== undefined) {
      const message = `is \`${older}\` here. LogWisp in Go documented it and ignored it; now these limits hold`
      this.notices.push({ path: [...path, name].join('.'), message, origin: keyOrigin, severity: 'notice' })
    }
    return name
  }

  /** What becomes of a node; undefined when it is as if it were not given. */
  #node(node: Written, shape: Shape | undefined, path: readonly string[]): Written | undefined {
    if (node.kind === 'value' && isUnset(node, path)) return undefined
    if (shape === undefined) return node
    if (shape.kind === 'leaf') return modernWord(node, shape, path)
    if (shape.kind === 'list') {
      if (node.kind !== 'list') return node
      for (const [index, item] of node.items.entries()) {
        if (item.kind === 'table') this.table(item, shape.item, [...path, String(index)])
      }
    } else if (node.kind === 'table') this.table(node, shape, path)
    return node
  }
}

function isUnset({ value }: WrittenValue, path: readonly string[]): boolean {
  const key = path.at(-1) ?? ''
  if (value === null) return true
  if (value === '') return unsetWhenEmpty.has(key)
  if (value !== 0 || !unsetWhenZero.has(key)) return false
  // A buffer of 0 entries is the ancestor's default for sources only; for sinks it refuses it.
  return key !== 'buffer_size' || path.includes('sources')
}

function modernWord(node: Written, shape: Shape | undefined, path: readonly string[]): Written {
  if (node.kind !== 'value' || shape?.kind !== 'leaf' || typeof node.value !== 'string') return node
  const place = path.map((step) => (/^\d+$/.test(step) ? '*' : step)).join('.')
  const value = path.at(-1) === 'cipher_suites' ? openSslNames(node.value) : node.value
  const known = olderWords[place]?.[value.toLowerCase()] ?? value
  const typed = typedValue(known, shape)
  return typed === node.value ? node : { ...node, value: typed }
}

/** A text as what is wanted in its place; itself when nothing fits better. */
function typedValue(text: string, { forms, secret }: LeafShape): string | number | boolean {
  if (secret) return text
  for (const form of forms) {
    if (form.form === 'text') return text
    if (form.form === 'words') {
      const word = form.words.find((each) => each.toLowerCase() === text.toLowerCase())
      if (word !== undefined) return word
    }
    if (form.form === 'boolean' && /^(true|false)$/i.test(text)) return text.toLowerCase() === 'true'
    if (form.form === 'number' && /^[+-]?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(text)) return Number(text)
  }
  return text
}

/** `TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,…` as `ECDHE-RSA-AES128-GCM-SHA256:…`. Those of TLS 1.3 are always on. */
function openSslNames(text: string): string {
  return text
    .split(/[,:\s]+/)
    .filter((name) => name !== '' && !/^TLS_(AES|CHACHA20)_/.test(name))
    .map((name) => cipherNames[name] ?? name)
    .join(':')
}

function textOf(node: Written | undefined): string | undefined {
  return node?.kind === 'value' && typeof node.value === 'string' ? node.value : undefined
}
