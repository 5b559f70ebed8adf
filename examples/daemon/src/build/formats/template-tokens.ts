/** A template of Go's, taken apart into text, and the words of its actions. */

import { badTemplate } from './template-error.ts'

/** One word of an action; `position` is where it stands in the template. */
export interface Token {
  readonly kind: 'word' | 'field' | 'dot' | 'variable' | 'text' | 'number' | 'sign' | 'blank' | 'end'
  /** The word itself: a name without its mark, a text without its quotes. */
  readonly value: string
  readonly position: number
}

/** Text as it stands, or an action. */
export type Piece = string | { readonly tokens: readonly Token[]; readonly position: number }

const opening = '{{'
const closing = '}}'

/** Comments, which may have the closing marks in them. */
const comment = /^\{\{(-\s)?\s*\/\*[\s\S]*?\*\/\s*?(\s-)?\}\}/

/** @throws LogwispError `BAD_OPTION` with the place. */
export function piecesOf(template: string): readonly Piece[] {
  const pieces: Piece[] = []
  let at = 0
  let trims = false
  while (at < template.length) {
    const start = template.indexOf(opening, at)
    const text = template.slice(at, start === -1 ? undefined : start)
    const trimsBefore = start !== -1 && /^\{\{-\s/.test(template.slice(start, start + 4))
    pieces.push(trimmed(text, trims, trimsBefore))
    if (start === -1) return pieces
    const passedOver = comment.exec(template.slice(start))
    if (passedOver !== null) {
      trims = passedOver[2] !== undefined
      at = start + passedOver[0].length
    } else {
      const action = actionAt(template, start, trimsBefore)
      pieces.push({ tokens: action.tokens, position: start })
      trims = action.trims
      at = action.end
    }
  }
  return pieces
}

function trimmed(text: string, left: boolean, right: boolean): string {
  const half = left ? text.replace(/^[ \t\r\n]+/, '') : text
  return right ? half.replace(/[ \t\r\n]+$/, '') : half
}

/** A text, a character, a raw text, a number, a variable, a field, a word, blanks, or a sign; anything else is none of them. */
const token =
  /("(?:[^"\\\n]|\\.)*")|('(?:[^'\\\n]|\\.)+')|`([^`]*)`|([+-]?(?:0[xX][\da-fA-F]+|0[bB][01]+|0[oO][0-7]+|\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|\.\d+))|\$(\w*)|\.([\p{L}_][\p{L}\d_]*)|([\p{L}_][\p{L}\d_]*)|(\s+)|(:=|[.|(),=])/uy

function actionAt(
  template: string,
  start: number,
  trimsBefore: boolean,
): { readonly tokens: readonly Token[]; readonly end: number; readonly trims: boolean } {
  const tokens: Token[] = []
  let at = start + opening.length + (trimsBefore ? 1 : 0)
  for (;;) {
    const closed = /^(?:\s-)?\}\}/.exec(template.slice(at, at + 4))
    if (closed !== null) {
      tokens.push({ kind: 'end', value: '', position: at })
      return { tokens, end: at + closed[0].length, trims: closed[0] !== closing }
    }
    if (at >= template.length) throw badTemplate(template, start, `this {{ has no }}`)
    token.lastIndex = at
    const found = token.exec(template)
    if (found === null) {
      throw badTemplate(template, at, `${JSON.stringify(template.charAt(at))} is no part of an action`)
    }
    tokens.push(tokenOf(found, template))
    at = token.lastIndex
  }
}

function tokenOf(found: RegExpExecArray, template: string): Token {
  const [whole, quoted, character, raw, number, variable, field, word, blank] = found
  const position = found.index
  if (quoted !== undefined) return { kind: 'text', value: unquoted(quoted, template, position), position }
  if (character !== undefined) {
    const [one, ...more] = unquoted(`"${character.slice(1, -1).replace(/"/g, '\\"')}"`, template, position)
    if (one === undefined || more.length > 0) throw badTemplate(template, position, `${whole} is no one character`)
    return { kind: 'number', value: String(one.codePointAt(0)), position }
  }
  if (raw !== undefined) return { kind: 'text', value: raw, position }
  if (number !== undefined) return { kind: 'number', value: number, position }
  if (variable !== undefined) return { kind: 'variable', value: variable, position }
  if (field !== undefined) return { kind: 'field', value: field, position }
  if (word !== undefined) return { kind: 'word', value: word, position }
  if (blank !== undefined) return { kind: 'blank', value: '', position }
  return { kind: whole === '.' ? 'dot' : 'sign', value: whole, position }
}

const escapes: Readonly<Record<string, string>> = {
  a: '\u0007',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
  '"': '"',
  "'": "'",
}

/** The escapes of Go's texts. */
function unquoted(text: string, template: string, position: number): string {
  return text
    .slice(1, -1)
    .replace(/\\(x[\da-fA-F]{2}|u[\da-fA-F]{4}|U[\da-fA-F]{8}|[0-7]{3}|.)/gs, (whole, name: string) => {
      const simple = escapes[name]
      if (simple !== undefined) return simple
      const isHex = /^[xuU]./.test(name)
      const code = isHex
        ? Number.parseInt(name.slice(1), 16)
        : name.length === 3
          ? Number.parseInt(name, 8)
          : Number.NaN
      if (!(code <= 0x10ffff)) throw badTemplate(template, position, `${whole} is no escape of a text`)
      return String.fromCodePoint(code)
    })
}
