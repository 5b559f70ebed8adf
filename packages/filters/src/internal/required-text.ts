/** Finds the texts that a regular expression stands for, or that every match of it contains, to look for instead of it, or before. */

import type { AST } from '@eslint-community/regexpp'

/** A shorter one is in too many lines to be worth looking for. */
const minLength = 3

interface Required {
  /** A pattern that is one text, or several as alternatives. */
  readonly source: string
  /** The length of the shortest. */
  readonly length: number
}

/**
 * A pattern of plain ASCII texts, one of which stands in every match; undefined when there is none worth looking for.
 * It is to be used with the flags of the original.
 */
export function requiredText(pattern: AST.Pattern, { ignoreCase, unicode }: RegExp): string | undefined {
  // With `iu`, `k` and `s` also match a character beyond ASCII.
  if (ignoreCase && unicode) return undefined
  return ofBranches(pattern.alternatives)?.source
}

/** The texts that the pattern matches, when that is all that it does: `ERROR|WARN`; undefined otherwise. */
export function alternativeTexts(pattern: AST.Pattern, { ignoreCase }: RegExp): readonly string[] | undefined {
  return ignoreCase ? undefined : textsOf(pattern.alternatives)
}

function textsOf(alternatives: readonly AST.Alternative[]): readonly string[] | undefined {
  const texts: string[] = []
  for (const { elements } of alternatives) {
    const [only] = elements
    if (elements.length === 1 && (only?.type === 'Group' || only?.type === 'CapturingGroup')) {
      const inner = textsOf(only.alternatives)
      if (inner === undefined) return undefined
      texts.push(...inner)
      continue
    }
    if (!elements.every((element) => element.type === 'Character' && isPlain(element.value))) return undefined
    const text = elements.map((element) => String.fromCharCode((element as AST.Character).value)).join('')
    // An empty one is in every line.
    if (text === '') return undefined
    texts.push(text)
  }
  return texts
}

function ofBranches(alternatives: readonly AST.Alternative[]): Required | undefined {
  const all: Required[] = []
  for (const alternative of alternatives) {
    const required = ofBranch(alternative)
    if (required === undefined) return undefined
    all.push(required)
  }
  return { source: all.map(({ source }) => source).join('|'), length: Math.min(...all.map(({ length }) => length)) }
}

/** The longest of what an alternative requires. */
function ofBranch({ elements }: AST.Alternative): Required | undefined {
  let best: Required | undefined
  let text = ''
  let length = 0
  const consider = (candidate: Required | undefined): void => {
    if (candidate !== undefined && candidate.length >= Math.max(minLength, (best?.length ?? 0) + 1)) best = candidate
  }
  for (const element of elements) {
    if (element.type === 'Character' && isPlain(element.value)) {
      text += element.raw
      length++
      continue
    }
    consider({ source: text, length })
    text = ''
    length = 0
    if (element.type === 'Group' || element.type === 'CapturingGroup') consider(ofBranches(element.alternatives))
  }
  consider({ source: text, length })
  return best
}

/** Printable ASCII, so that it reads the same in any view of a block, and stands inside a line. */
function isPlain(character: number): boolean {
  return character >= 0x20 && character < 0x7f
}
