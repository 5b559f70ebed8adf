/**
 * Translates the RE2 patterns that a backtracking engine provably searches in linear time, and gives up on all others.
 *
 * What it takes: alternatives of sequences of characters, classes, groups of such, `?`, counted repetitions, and
 * unbounded repetitions of one class (*runs*) whose two ends can each lie at one place only.
 *
 * Why that is linear. Without runs, at each start a bounded number of steps is made: {@link maxSteps}, counted below. A run is
 * allowed when the character before it is never in the run's class, and neither is the character after it. Then a run that is
 * entered always covers a whole stretch of its class, entered at the stretch's first character only, and left at its end only
 * (every earlier way out fails at once). So the stretches scanned by one run from different starts never overlap, except that
 * each can be arrived at in as many ways as the bounded parts before it have: again at most {@link maxSteps}.
 */

import {
  anyInLine,
  areDisjoint,
  blanks,
  type CharSet,
  charSet,
  complement,
  digits,
  folded,
  intersection,
  isSubset,
  needsUnicodeFlag,
  sourceOf,
  union,
  wordCharacters,
} from './char-set.ts'

/** How many steps at most for each character of the text. Bounds the worst case at about a µs for each. */
const maxSteps = 500

/** What a run costs for each character that it covers: forwards, backwards, and trying what follows it. */
const runSteps = 4

interface Repeat {
  readonly kind: 'repeat'
  readonly set: CharSet
  readonly min: number
  /** `Infinity` for a run. */
  readonly max: number
}

interface Group {
  readonly kind: 'group'
  readonly branches: readonly Branch[]
  readonly optional: boolean
}

interface Assertion {
  readonly kind: 'start' | 'end' | 'boundary'
}

type Item = Repeat | Group | Assertion
type Branch = readonly Item[]

/** Thrown inside this file for whatever is not recognised. */
const notSimple = Symbol('not simple')

/**
 * A JavaScript regex without `g` that finds a match in a line exactly when RE2 does, in linear time, also when the line stands
 * in a text of many lines ended by `\n`. No match of it is empty or goes beyond a line.
 *
 * @param pattern A pattern that RE2 accepts; with one that it refuses, the result means nothing.
 * @returns `undefined` when the pattern is not recognised as simple.
 */
export function simpleRegExp(pattern: string, ignoreCase: boolean): RegExp | undefined {
  try {
    const prefix = /^\(\?i\)/.exec(pattern)?.[0] ?? ''
    const parser = new Parser(pattern.slice(prefix.length), ignoreCase || prefix !== '')
    const branches = parser.parse().map(withoutOuterRuns)
    let steps = 0
    for (const branch of branches) {
      if (isNullable(branch)) return undefined
      checkRuns(branch)
      steps += costOf(branch).steps
    }
    if (steps > maxSteps) return undefined
    return new RegExp(writeBranches(branches), usesUnicode(branches) ? 'u' : '')
  } catch (error) {
    if (error === notSimple) return undefined
    throw error
  }
}

class Parser {
  readonly #text: string
  readonly #ignoreCase: boolean
  #at = 0

  constructor(text: string, ignoreCase: boolean) {
    this.#text = text
    this.#ignoreCase = ignoreCase
  }

  parse(): readonly Branch[] {
    const branches = this.#branches()
    if (this.#at < this.#text.length) throw notSimple
    return branches
  }

  #take(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at
    const found = pattern.exec(this.#text)
    if (found === null) return undefined
    this.#at += found[0].length
    return found
  }

  #branches(): readonly Branch[] {
    const branches: Branch[] = []
    do branches.push(this.#branch())
    while (this.#take(/\|/y))
    return branches
  }

  #branch(): Branch {
    const items: Item[] = []
    while (this.#at < this.#text.length && !/[|)]/.test(this.#text.charAt(this.#at)))
      items.push(this.#quantified(this.#atom()))
    return items
  }

  #quantified(atom: Item): Item {
    const found = this.#take(/(?:([*+?])|\{(\d+)(,?)(\d*)\})\??/y)
    if (found === undefined) return atom
    const [, sign, least, comma, most] = found
    const min = sign === undefined ? Number(least) : sign === '+' ? 1 : 0
    const max =
      sign === '?' ? 1 : sign !== undefined ? Infinity : comma === '' ? min : most === '' ? Infinity : Number(most)
    if (max === 0) throw notSimple
    if (atom.kind === 'repeat') return { ...atom, min, max }
    if (atom.kind === 'group' && max === 1) return { ...atom, optional: min === 0 }
    throw notSimple
  }

  #atom(): Item {
    if (this.#take(/\^|\\A/y)) return { kind: 'start' }
    if (this.#take(/\$|\\z/y)) return { kind: 'end' }
    if (this.#take(/\\b/y)) return { kind: 'boundary' }
    if (this.#take(/\((?:\?:|\?P?<[A-Za-z_]\w*>|(?!\?))/y)) {
      const branches = this.#branches()
      if (!this.#take(/\)/y)) throw notSimple
      return { kind: 'group', branches, optional: false }
    }
    const set = this.#take(/\./y) ? anyInLine : this.#take(/\[/y) ? this.#class() : this.#fold(this.#character(false))
    return { kind: 'repeat', set: inLine(set), min: 1, max: 1 }
  }

  /** After the opening bracket. Anything beyond characters, ranges and `\d \s \w` is left to RE2. */
  #class(): CharSet {
    const negated = this.#take(/\^/y) !== undefined
    let set: CharSet = []
    do {
      // A bracket or a hyphen where it would be literal, and `[:alpha:]`, are read differently by different engines.
      if (this.#take(/[[\]-]/y)) throw notSimple
      const from = this.#character(true)
      if (this.#take(/-(?!\])/y)) {
        if (this.#take(/[[-]/y)) throw notSimple
        const to = this.#character(true)
        if (from.length !== 2 || to.length !== 2 || from[0] !== from[1] || to[0] !== to[1]) throw notSimple
        set = union(set, this.#fold(charSet(from[0] as number, to[0] as number)))
      } else set = union(set, this.#fold(from))
      if (this.#take(/-\]/y)) {
        set = union(set, charSet(45, 45))
        break
      }
    } while (!this.#take(/\]/y))
    return negated ? complement(set) : set
  }

  #fold(set: CharSet): CharSet {
    if (!this.#ignoreCase) return set
    // RE2 negates a class such as \W after folding it; what reaches here negated is too large to be ASCII.
    const both = folded(set)
    if (both === undefined) throw notSimple
    return both
  }

  #character(inClass: boolean): CharSet {
    const escaped = this.#take(/\\(?:([dswDSW])|([tnrfva])|x([\da-fA-F]{2})|([!-/:-@[-`{-~]))/y)
    if (escaped !== undefined) {
      const [, group, control, hex, literal] = escaped
      if (group !== undefined) {
        const set = group === 'd' || group === 'D' ? digits : group === 's' || group === 'S' ? blanks : wordCharacters
        return group === group.toLowerCase() ? set : complement(set)
      }
      const code =
        control !== undefined
          ? controls[control as keyof typeof controls]
          : hex !== undefined
            ? Number.parseInt(hex, 16)
            : literal?.charCodeAt(0)
      return charSet(code as number, code as number)
    }
    // Outside a class, a brace that starts no repetition is literal, in RE2 as here: it was not taken as a quantifier.
    if (!inClass && this.#take(/(?=\{\d+(?:,\d*)?\})/y)) throw notSimple
    const literal = this.#take(inClass ? /[^\\\]]/uy : /[^\\()[|*+?.^$]/uy)?.[0].codePointAt(0)
    if (literal === undefined || (literal >= 0xd800 && literal <= 0xdfff)) throw notSimple
    return charSet(literal, literal)
  }
}

const controls = { t: 9, n: 10, r: 13, f: 12, v: 11, a: 7 } as const

/** Without `\n`, so that no match in a text of many lines leaves its line. */
function inLine(set: CharSet): CharSet {
  const within = intersection(set, anyInLine)
  if (within.length === 0) throw notSimple
  return within
}

/**
 * A run at either end need not be longer than its minimum for there to be a match: `\s*ERROR.*` is `ERROR`.
 * `^.*` and `.*$` say nothing at all.
 */
function withoutOuterRuns(branch: Branch): Branch {
  let items = [...branch]
  const [first, second] = items
  if (first?.kind === 'start' && isAnything(second)) items = items.slice(2)
  if (items.at(-1)?.kind === 'end' && isAnything(items.at(-2))) items = items.slice(0, -2)
  for (let item = items.at(0); isVariable(item); item = items.at(0)) items.splice(0, 1, ...shortest(item))
  for (let item = items.at(-1); isVariable(item); item = items.at(-1)) items.splice(-1, 1, ...shortest(item))
  return items
}

function isVariable(item: Item | undefined): item is Repeat {
  return item?.kind === 'repeat' && item.min !== item.max
}

function shortest(item: Repeat): readonly Repeat[] {
  return item.min === 0 ? [] : [{ ...item, max: item.min }]
}

function isAnything(item: Item | undefined): boolean {
  return item?.kind === 'repeat' && item.min === 0 && item.max === Infinity && isSubset(anyInLine, item.set)
}

function isNullable(branch: Branch): boolean {
  return branch.every((item) => !consumes(item))
}

/** Whether the item takes at least one character. */
function consumes(item: Item): boolean {
  if (item.kind === 'repeat') return item.min > 0
  return item.kind === 'group' && !item.optional && !item.branches.some(isNullable)
}

/** @throws {@link notSimple} when a run could begin or end at more than one place of a stretch, or stands in a group. */
function checkRuns(branch: Branch): void {
  branch.forEach((item, index) => {
    if (item.kind === 'group') {
      for (const inner of item.branches) {
        if (inner.some((each) => each.kind === 'repeat' && each.max === Infinity)) throw notSimple
        checkRuns(inner)
      }
    }
    if (item.kind !== 'repeat' || item.max !== Infinity) return
    if (!bounds(branch[index - 1], item.set, 'start') || !bounds(branch[index + 1], item.set, 'end')) throw notSimple
  })
}

function bounds(neighbour: Item | undefined, run: CharSet, side: 'start' | 'end'): boolean {
  if (neighbour === undefined) return false
  if (neighbour.kind === side) return true
  // Beside a character of a word, a boundary means that the word ends there, and so does a run of such characters.
  if (neighbour.kind === 'boundary') return isSubset(run, wordCharacters)
  return consumes(neighbour) && areDisjoint(edgeOf(neighbour, side), run)
}

/** The characters that can be an item's last, when it stands at the start of a run, or its first, when it stands at the end. */
function edgeOf(item: Item, side: 'start' | 'end'): CharSet {
  if (item.kind === 'repeat') return item.set
  let edge: CharSet = []
  if (item.kind === 'group') {
    for (const branch of item.branches) {
      for (const each of side === 'start' ? branch.toReversed() : branch) {
        edge = union(edge, edgeOf(each, side))
        if (consumes(each)) break
      }
    }
  }
  return edge
}

/** How many ways lead through, and how many steps are made at most when none of them leads to a match. */
function costOf(branch: Branch): { ways: number; steps: number } {
  let ways = 1
  let steps = 0
  for (const item of branch) {
    let own = { ways: 1, steps: 1 }
    if (item.kind === 'repeat') {
      own =
        item.max === Infinity
          ? { ways: 1, steps: item.min + runSteps }
          : { ways: item.max - item.min + 1, steps: item.max }
    } else if (item.kind === 'group') {
      const costs = item.branches.map(costOf)
      own = {
        ways: costs.reduce((sum, cost) => sum + cost.ways, item.optional ? 1 : 0),
        steps: costs.reduce((sum, cost) => sum + cost.steps, 1),
      }
    }
    steps += ways * own.steps
    ways *= own.ways
  }
  return { ways, steps }
}

function usesUnicode(branches: readonly Branch[]): boolean {
  return branches.some((branch) =>
    branch.some(
      (item) =>
        (item.kind === 'repeat' && needsUnicodeFlag(item.set)) || (item.kind === 'group' && usesUnicode(item.branches)),
    ),
  )
}

function writeBranches(branches: readonly Branch[]): string {
  return branches.map((branch) => branch.map(writeItem).join('')).join('|')
}

function writeItem(item: Item): string {
  switch (item.kind) {
    // JavaScript's own ^ and $ take \r, U+2028 and U+2029 for line ends too.
    case 'start':
      return '(?<![^\\n])'
    case 'end':
      return '(?![^\\n])'
    case 'boundary':
      return '\\b'
    case 'group':
      return `(?:${writeBranches(item.branches)})${item.optional ? '?' : ''}`
    case 'repeat': {
      const { min, max } = item
      const source = sourceOf(item.set)
      if (max === Infinity) return source + (min === 0 ? '*' : min === 1 ? '+' : `{${min},}`)
      if (min === max) return min === 1 ? source : `${source}{${min}}`
      return min === 0 && max === 1 ? `${source}?` : `${source}{${min},${max}}`
    }
  }
}
