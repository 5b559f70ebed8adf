/** Which words of the command line belong to the configuration. */

import { formsInside } from './coerce.ts'
import { configShape } from './config-shape.ts'
import type { Problem } from './loaded-config.ts'
import { olderKeys } from './older-spelling.ts'
import type { Shape } from './shape.ts'
import { suggest } from './suggest.ts'
import { suggestPaths } from './suggest-path.ts'

/** By dotted path, dashes as underscores, e.g. `pipelines.0.name`: what the command line gives it; true for a bare flag. */
export type FlagValues = ReadonlyMap<string, string | true>

/** The words of a command line, sorted. */
export interface ReadFlags {
  readonly values: FlagValues
  /** Everything that is not about the configuration, in its order and as it was typed. */
  readonly rest: readonly string[]
  /** The file of `-c` or `--config`. */
  readonly configFile: string | undefined
  readonly problems: readonly Problem[]
}

/** Letters for the flags that one types often. */
const letters: ReadonlyMap<string, string> = new Map([
  ['q', 'quiet'],
  ['b', 'background'],
  ['r', 'router'],
])

/** Names that the ancestor's documentation has. */
const alsoKnownAs: ReadonlyMap<string, string> = new Map([['log_level', 'logging.level']])

const alwaysOthers: ReadonlyMap<string, boolean> = new Map([
  ['-h', false],
  ['--help', false],
  ['-v', false],
  ['--version', false],
])

/**
 * Splits the words after the program's name into what configures and the rest.
 *
 * Configuration: `--logging.level debug`, `--logging.level=debug`, `--quiet`, `--no-quiet`, `--pipelines.0.name x`; dashes and
 * underscores are the same; `-q`, `-b`, `-r` (also as `-qb`), `-c FILE`, `--config FILE`. Of several of a name the last
 * one counts. A flag that is true or false takes the next word only when that is `true` or `false`; any other takes it
 * unless it looks like a flag. Everything after `--` is rest. Never throws.
 *
 * @param others the program's own flags as typed (`--once`, `-h`) and whether each takes a value; these go to `rest`
 */
export function readFlags(words: readonly string[], others: ReadonlyMap<string, boolean>): ReadFlags {
  return new FlagReader(words, new Map([...alwaysOthers, ...others])).read()
}

class FlagReader {
  readonly #words: readonly string[]
  readonly #others: ReadonlyMap<string, boolean>
  readonly #values = new Map<string, string | true>()
  readonly #rest: string[] = []
  readonly #problems: Problem[] = []
  #configFile: string | undefined
  #at = 0

  constructor(words: readonly string[], others: ReadonlyMap<string, boolean>) {
    this.#words = words
    this.#others = others
  }

  read(): ReadFlags {
    while (this.#at < this.#words.length) {
      const word = this.#words[this.#at++] ?? ''
      if (word === '--') {
        this.#rest.push(word, ...this.#words.slice(this.#at))
        break
      }
      if (!word.startsWith('-') || word === '-') this.#rest.push(word)
      else this.#flag(word)
    }
    return { values: this.#values, rest: this.#rest, configFile: this.#configFile, problems: this.#problems }
  }

  #flag(word: string): void {
    const equals = word.indexOf('=')
    const name = equals === -1 ? word : word.slice(0, equals)
    const value = equals === -1 ? undefined : word.slice(equals + 1)
    const takesValue = this.#others.get(name)
    if (takesValue !== undefined) this.#other(word, takesValue && value === undefined)
    else if (name === '-c' || name === '--config') this.#config(name, value)
    else if (name.startsWith('--')) this.#long(name, value)
    else this.#short(name, value)
  }

  /** One of the program's own: verbatim, with its value. */
  #other(word: string, takesNext: boolean): void {
    this.#rest.push(word)
    const next = this.#words[this.#at]
    if (!takesNext || next === undefined) return
    this.#rest.push(next)
    this.#at++
  }

  #config(flag: string, value: string | undefined): void {
    const file = value ?? this.#next()
    if (file === undefined || file === '') this.#needsValue(flag, 'a file')
    else this.#configFile = file
  }

  #short(name: string, value: string | undefined): void {
    const paths = [...name.slice(1)].map((letter) => letters.get(letter))
    if (value !== undefined || paths.includes(undefined)) {
      const isOne = name.length === 2 && paths[0] !== undefined
      if (isOne && value !== undefined) this.#values.set(paths[0] ?? '', value)
      else this.#unknown(name)
      return
    }
    for (const path of paths) if (path !== undefined) this.#values.set(path, true)
  }

  #long(name: string, value: string | undefined): void {
    const typed = name.slice(2)
    const found = placeOf(typed)
    if (found === undefined) {
      const negated = typed.startsWith('no-') || typed.startsWith('no_') ? placeOf(typed.slice(3)) : undefined
      if (negated?.isTruth === true && value === undefined) this.#values.set(negated.path, 'false')
      else this.#unknown(name)
      return
    }
    if (found.isTable) {
      this.#problem(name, `is a table: name one of its values, such as --${suggestBelow(found.path)}`)
    } else if (value !== undefined) this.#values.set(found.path, value)
    else if (found.isTruth) this.#values.set(found.path, this.#nextTruth() ?? true)
    else {
      const next = this.#next()
      if (next === undefined) this.#needsValue(name, 'a value')
      else this.#values.set(found.path, next)
    }
  }

  /** The next word as a value; a word that looks like a flag is none, a negative number is one. */
  #next(): string | undefined {
    const next = this.#words[this.#at]
    if (next === undefined || (next.startsWith('-') && next !== '-' && !/^-[\d.]/.test(next))) return undefined
    this.#at++
    return next
  }

  #nextTruth(): string | undefined {
    const next = this.#words[this.#at]
    if (next !== 'true' && next !== 'false') return undefined
    this.#at++
    return next
  }

  #needsValue(flag: string, what: string): void {
    const dash = this.#words[this.#at]?.startsWith('-') === true ? `; one that begins with a dash as ${flag}=…` : ''
    this.#problem(flag, `needs ${what}${dash}`)
  }

  #unknown(name: string): void {
    const names = suggestPaths(name, flagFor)
    const own = suggest(name, ['--config', ...this.#others.keys()], name.length > 4 ? 2 : 1)
    const meant = own === undefined ? names : [own, ...names]
    const hint = meant.length === 0 ? '; see logwisp --help' : `; did you mean ${meant.join(' or ')}?`
    this.#problem(name, `is not a flag that LogWisp knows${hint}`)
  }

  #problem(flag: string, message: string): void {
    this.#problems.push({ path: '', message, origin: { from: 'command-line', flag } })
  }
}

/** The flag for a place. */
export function flagFor(path: string): string {
  return `--${path.replaceAll('_', '-')}`
}

/** The keys of a dotted path; what is within a record of texts, such as a header's name, is one key, dots and all. */
export function keysOf(path: string): readonly string[] {
  const parts = path.split('.')
  let shape: Shape | undefined = configShape
  for (const [at, part] of parts.entries()) {
    if (shape?.kind === 'leaf') return [...parts.slice(0, at), parts.slice(at).join('.')]
    shape = shape === undefined ? undefined : step(shape, part)
  }
  return parts
}

interface FlagPlace {
  readonly path: string
  /** Whether it can only be true or false, and so needs no value. */
  readonly isTruth: boolean
  /** Whether it has parts, so that one value cannot be all of it. */
  readonly isTable: boolean
}

function placeOf(typed: string): FlagPlace | undefined {
  const path: string[] = []
  const parts = typed.split('.')
  const alias = alsoKnownAs.get(typed.replaceAll('-', '_'))
  if (alias !== undefined) return placeOf(alias)
  let shape: Shape = configShape
  for (const [at, part] of parts.entries()) {
    if (shape.kind === 'leaf') {
      // What is left is the index in a list, or the key of a record: a header's name has dashes, and may have dots.
      const key = parts.slice(at).join('.')
      const inside = key === '' ? undefined : formsInside(shape.forms, key)
      if (inside === undefined) return undefined
      return { path: [...path, key].join('.'), isTruth: false, isTable: false }
    }
    const typedKey: string = part.replaceAll('-', '_')
    const key: string = path.at(-1) === 'options' ? (olderKeys.options[typedKey] ?? typedKey) : typedKey
    const next: Shape | undefined = step(shape, key)
    if (next === undefined) return undefined
    path.push(key)
    shape = next
  }
  const isTruth = shape.kind === 'leaf' && shape.forms.every(({ form }) => form === 'boolean')
  return { path: path.join('.'), isTruth, isTable: shape.kind !== 'leaf' }
}

function step(shape: Exclude<Shape, { kind: 'leaf' }>, key: string): Shape | undefined {
  if (shape.kind === 'list') return /^(0|[1-9]\d{0,5})$/.test(key) ? shape.item : undefined
  return (shape.kind === 'choice' ? shape.any : shape).keys.get(key)
}

function suggestBelow(path: string): string {
  const shape = path.split('.').reduce<Shape | undefined>((at, key) => {
    return at === undefined || at.kind === 'leaf' ? undefined : step(at, key)
  }, configShape)
  if (shape === undefined || shape.kind === 'leaf') return path
  if (shape.kind === 'list') return suggestBelow(`${path}.0`)
  const [first] = (shape.kind === 'choice' ? shape.any : shape).keys.keys()
  const below = step(shape, first ?? '')
  const name = `${path}.${first ?? ''}`
  return (below?.kind === 'leaf' ? name : suggestBelow(name)).replaceAll('_', '-')
}
