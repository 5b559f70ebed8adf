/**
 * Makes a regular expression that is meant for single lines searchable over a block of many, with the same result.
 *
 * Take a line feed for what the end of the text is to a line alone: something that nothing consumes. Then a search of the
 * block sees in each line what a search of that line would see:
 *
 * - whatever can consume a line feed (`\s`, `[^"]`, `.` with `s`, …) is kept from it, also within lookarounds;
 * - `^` and `$` without `m` become assertions about line feeds alone: the `m` flag itself would also make them match
 *   beside `\r`, U+2028 and U+2029, which are inside a line here;
 * - `\b` and `^`, `$` with `m` treat a line feed as they treat the end of the text, so they stay.
 *
 * All else (groups, references, quantifiers) works on what was consumed, and stays. A parser says which part is what.
 */

import { type AST, RegExpParser } from '@eslint-community/regexpp'
import { LineFinder } from './line-finder.ts'
import { alternativeTexts, requiredText } from './required-text.ts'

/** How a regular expression can be searched for in a block of lines. */
export interface BlockSearch {
  /** With `g`: finds exactly the lines that the original matches, in a text whose lines end in a bare `\n`. */
  readonly search: RegExp
  /** Whether it does so too where lines end in `\r\n`. */
  readonly searchesReturns: boolean
  /** Whether it does so too in UTF-8 bytes that are read as latin1. */
  readonly searchesBytes: boolean
  /** Whether it can only match at a line's beginning, so that trying each line is quicker where that needs no decoding. */
  readonly anchored: boolean
  /** With `g`: a text without which no line matches, for blocks that {@link search} is not exact for; finds it in any of them. */
  readonly hint: RegExp | undefined
  /** The texts that it looks for, one of which is all that a line has to have, where the original is no more than that. */
  readonly texts: readonly string[] | undefined
  /** Finds lines with one of these texts in the bytes themselves. */
  readonly finder: LineFinder | undefined
}

const beforeLine = '(?<![^\\n])'
// A carriage return before the line feed belongs to the line ending.
const behindLine = '(?!(?!\\r?\\n)[^])'
const guard = '(?!\\n)'

/** The plan for a regular expression; undefined when it can only be tried line by line. */
export function blockSearch(regexp: RegExp): BlockSearch | undefined {
  // A sticky one is about the beginning of each text. Sets of strings (`v`) are rare, and their own chapter.
  if (regexp.sticky || regexp.flags.includes('v')) return undefined
  let pattern: AST.Pattern
  try {
    pattern = new RegExpParser().parsePattern(regexp.source, 0, regexp.source.length, regexp.unicode)
  } catch {
    // Newer syntax than the parser knows.
    return undefined
  }
  const rewriter = new Rewriter(regexp)
  const length = rewriter.branches(pattern.alternatives)
  if (rewriter.refused) return undefined
  const flags = `${regexp.flags.replace(/[gd]/g, '')}g`
  const hint = requiredText(pattern, regexp)
  const texts = alternativeTexts(pattern, regexp)
  return {
    search: new RegExp(rewriter.source, flags),
    // A match that consumes something never touches the place between `\r` and `\n`, or between two bytes of a character.
    searchesReturns: length > 0 && !rewriter.takesReturns,
    searchesBytes: length > 0 && !rewriter.takesNonAscii,
    anchored: !regexp.multiline && pattern.alternatives.every(({ elements }) => isStart(elements[0])),
    hint: hint === undefined ? undefined : new RegExp(hint, flags),
    texts,
    finder: texts === undefined ? undefined : LineFinder.for(texts),
  }
}

function isStart(element: AST.Element | undefined): boolean {
  return element?.type === 'Assertion' && element.kind === 'start'
}

type CharacterSet = AST.Character | AST.CharacterSet | AST.CharacterClass | AST.ExpressionCharacterClass

/** Goes through a pattern once: collects what to replace, and what else a plan needs to know. */
class Rewriter {
  /** Whether it holds something that this analysis does not cover. */
  refused = false
  /** Whether some part of it can consume a carriage return, or tells one from the end of the text. */
  takesReturns = false
  /** Whether some part of it can consume more than ASCII, or tells one such character from another. */
  takesNonAscii = false
  readonly #regexp: RegExp
  /** For trying one set by itself. */
  readonly #flags: string
  readonly #pieces: string[] = []
  #copied = 0

  constructor(regexp: RegExp) {
    this.#regexp = regexp
    this.#flags = regexp.flags.replace(/[dgm]/g, '')
  }

  /** The rewritten pattern, once everything was visited. */
  get source(): string {
    return this.#pieces.join('') + this.#regexp.source.slice(this.#copied)
  }

  /** Visits alternatives. Returns how much any match consumes at least, as all these do. */
  branches(alternatives: readonly AST.Alternative[]): number {
    let least = Infinity
    for (const { elements } of alternatives) {
      let length = 0
      for (const element of elements) length += this.#element(element)
      least = Math.min(least, length)
    }
    return least
  }

  #element(node: AST.Element): number {
    switch (node.type) {
      case 'Assertion':
        return this.#assertion(node)
      case 'Backreference':
        return 0
      case 'Quantifier':
        return this.#element(node.element) * node.min
      case 'Group':
        if (node.modifiers !== null) this.refused = true
        return this.branches(node.alternatives)
      case 'CapturingGroup':
        return this.branches(node.alternatives)
      default:
        this.#set(node)
        return 1
    }
  }

  #assertion(node: AST.Assertion): 0 {
    if (node.kind === 'lookahead' || node.kind === 'lookbehind') {
      this.branches(node.alternatives)
    } else if (node.kind === 'word') {
      // With `iu`, two characters beyond ASCII are word characters too.
      if (this.#foldsUnicode) this.takesNonAscii = true
    } else if (this.#regexp.multiline) {
      this.takesNonAscii = true
    } else {
      this.#replace(node, node.kind === 'start' ? beforeLine : behindLine)
    }
    return 0
  }

  #set(node: CharacterSet): void {
    if (this.#matches(node, '\r')) this.takesReturns = true
    if (!this.takesNonAscii && this.#exceedsAscii(node)) this.takesNonAscii = true
    if (this.#matches(node, '\n')) this.#replace(node, this.#withoutLineFeed(node))
  }

  /** Asks the engine itself: this set, alone, as a pattern. */
  #matches(node: CharacterSet, text: string): boolean {
    return new RegExp(node.raw, this.#flags).test(text)
  }

  #exceedsAscii(node: CharacterSet): boolean {
    if (node.type === 'Character' && !this.#foldsUnicode) return node.value > 0x7f
    return (this.#regexp.unicode && !staysInPlane(node)) || this.#matches(node, nonAscii())
  }

  get #foldsUnicode(): boolean {
    return this.#regexp.ignoreCase && this.#regexp.unicode
  }

  /** The same set but for the line feed; as a class where that can be written, since a lookahead costs more. */
  #withoutLineFeed(node: CharacterSet): string {
    const { raw } = node
    if (raw.startsWith('[^') && raw[2] !== '-') return `[^\\n${raw.slice(2)}`
    if (raw === '.') return '[^\\n]'
    if (raw === '\\s') return '[^\\S\\n]'
    if (raw === '\\D') return '[^\\d\\n]'
    // With `iu`, `\W` and `[^\w]` have differed between engines.
    if (raw === '\\W' && !this.#foldsUnicode) return '[^\\w\\n]'
    return `(?:${guard}${raw})`
  }

  #replace({ start, end }: { start: number; end: number }, replacement: string): void {
    this.#pieces.push(this.#regexp.source.slice(this.#copied, start), replacement)
    this.#copied = end
  }
}

/** Whether a set, with `u`, surely has no character beyond U+FFFF. */
function staysInPlane(node: CharacterSet): boolean {
  if (node.type === 'Character') return node.value <= 0xffff
  if (node.type === 'CharacterSet') return (node.kind === 'digit' || node.kind === 'word') && !node.negate
  if (node.type !== 'CharacterClass' || node.negate) return false
  return (node.elements as readonly AST.CharacterClassElement[]).every((element) => {
    if (element.type === 'CharacterClassRange') return element.max.value <= 0xffff
    return (element.type === 'Character' || element.type === 'CharacterSet') && staysInPlane(element)
  })
}

let nonAsciiText: string | undefined

/** Every UTF-16 unit beyond ASCII, in falling order, so that no two of them are a pair. */
function nonAscii(): string {
  if (nonAsciiText === undefined) {
    const units: number[] = []
    for (let unit = 0xffff; unit > 0x7f; unit--) units.push(unit)
    nonAsciiText = Buffer.from(Uint16Array.from(units).buffer).toString('utf16le')
  }
  return nonAsciiText
}
