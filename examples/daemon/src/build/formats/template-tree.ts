/** The tree of a template of Go's: what its actions mean. */

import { badTemplate } from './template-error.ts'
import { piecesOf, type Token } from './template-tokens.ts'

/** What can be asked for a value. */
export type Expression =
  | { readonly kind: 'constant'; readonly value: string | number | bigint | boolean | null }
  | { readonly kind: 'dot' }
  | { readonly kind: 'variable'; readonly slot: number }
  | { readonly kind: 'function'; readonly name: string; readonly position: number }
  | { readonly kind: 'pipeline'; readonly pipeline: Pipeline }
  /** `of.a.b`; the last name may be a method, and have arguments. */
  | { readonly kind: 'chain'; readonly of: Expression; readonly names: readonly string[]; readonly position: number }

/** A function or method with its arguments, or a value without any. */
export interface Command {
  readonly head: Expression
  readonly operands: readonly Expression[]
  readonly position: number
}

/** Commands, each with the value of the one before as its last argument. */
export type Pipeline = readonly Command[]

/** One part of a template. */
export type Node =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'show'; readonly pipeline: Pipeline }
  | { readonly kind: 'set'; readonly slot: number; readonly pipeline: Pipeline }
  | {
      readonly kind: 'if'
      readonly pipeline: Pipeline
      readonly slot: number | undefined
      readonly then: Nodes
      readonly otherwise: Nodes
    }
  | {
      readonly kind: 'with'
      readonly pipeline: Pipeline
      readonly slot: number | undefined
      readonly then: Nodes
      readonly otherwise: Nodes
    }
  | {
      readonly kind: 'range'
      readonly pipeline: Pipeline
      readonly keySlot: number | undefined
      readonly valueSlot: number | undefined
      readonly then: Nodes
      readonly otherwise: Nodes
    }
  | { readonly kind: 'break' }
  | { readonly kind: 'continue' }

export type Nodes = readonly Node[]

/** A template that was read. */
export interface Tree {
  readonly nodes: Nodes
  /** Variables that it needs room for; the first is `$`, the entry. */
  readonly slots: number
}

const keywords: ReadonlySet<string> = new Set([
  ...['if', 'else', 'end', 'range', 'with', 'break', 'continue', 'define', 'template', 'block', 'nil', 'true', 'false'],
])

/** Blocks and brackets inside each other: far beyond any template, far below any stack. */
const maxDepth = 100

/** @throws LogwispError `BAD_OPTION` with the place. */
export function treeOf(template: string, functions: ReadonlySet<string>): Tree {
  return new Reader(template, functions).read()
}

class Reader {
  readonly #template: string
  readonly #functions: ReadonlySet<string>
  readonly #actions: readonly (string | { readonly tokens: readonly Token[]; readonly position: number })[]
  #next = 0
  #tokens: readonly Token[] = []
  #at = 0
  /** Names of variables that can be seen, the innermost last, and their slots. */
  #scope: { readonly name: string; readonly slot: number }[] = [{ name: '', slot: 0 }]
  #slots = 1
  #depth = 0
  #ranges = 0

  constructor(template: string, functions: ReadonlySet<string>) {
    this.#template = template
    this.#functions = functions
    this.#actions = piecesOf(template)
  }

  read(): Tree {
    const { nodes, ended } = this.#list()
    if (ended !== undefined) throw this.#bad(`{{${ended.value}}} without a block that it belongs to`, ended.position)
    return { nodes, slots: this.#slots }
  }

  /** Up to the end of the template, or an `else` or `end`, which is given back. */
  #list(): { readonly nodes: Nodes; readonly ended: Token | undefined } {
    const nodes: Node[] = []
    for (;;) {
      const piece = this.#actions[this.#next]
      if (piece === undefined) return { nodes, ended: undefined }
      this.#next++
      if (typeof piece === 'string') {
        if (piece !== '') nodes.push({ kind: 'text', text: piece })
        continue
      }
      this.#tokens = piece.tokens
      this.#at = 0
      const first = this.#peek()
      if (first.kind === 'word' && (first.value === 'else' || first.value === 'end')) {
        this.#take()
        return { nodes, ended: first }
      }
      nodes.push(this.#action(first))
    }
  }

  #action(first: Token): Node {
    if (first.kind === 'end') throw this.#bad('the action is empty', first.position)
    if (first.kind !== 'word' || !keywords.has(first.value)) return this.#plainAction()
    switch (first.value) {
      case 'if':
      case 'with':
      case 'range':
        this.#take()
        return this.#block(first, first.value)
      case 'break':
      case 'continue':
        this.#take()
        this.#finish()
        if (this.#ranges === 0) throw this.#bad(`{{${first.value}}} outside of a {{range}}`, first.position)
        return { kind: first.value }
      case 'define':
      case 'template':
      case 'block':
        throw this.#bad(`{{${first.value}}} is not known here: a format is one template`, first.position)
      default:
        return this.#plainAction()
    }
  }

  #plainAction(): Node {
    const declared = this.#declaration()
    const pipeline = this.#pipeline()
    this.#finish()
    if (declared === undefined) return { kind: 'show', pipeline }
    const [name, ...more] = declared.names
    if (name === undefined || more.length > 0) throw this.#bad('only {{range}} has two variables', declared.position)
    return { kind: 'set', slot: declared.isNew ? this.#declare(name) : this.#slotOf(name, declared.position), pipeline }
  }

  #block(first: Token, kind: 'if' | 'with' | 'range'): Node {
    this.#enter(first)
    const scope = [...this.#scope]
    const declared = this.#declaration()
    const pipeline = this.#pipeline()
    this.#finish()
    const names = declared?.names ?? []
    if (names.length > (kind === 'range' ? 2 : 1)) throw this.#bad(`too many variables for {{${kind}}}`, first.position)
    const slots = names.map((name) =>
      declared?.isNew === true ? this.#declare(name) : this.#slotOf(name, declared?.position ?? first.position),
    )
    if (kind === 'range') this.#ranges++
    const inside = [...this.#scope]
    const body = this.#list()
    if (kind === 'range') this.#ranges--
    this.#scope = inside
    const otherwise = this.#rest(first, kind, body.ended)
    this.#scope = scope
    this.#depth--
    const then = body.nodes
    if (kind !== 'range') return { kind, pipeline, slot: slots[0], then, otherwise }
    // Of one variable of a range it is the value, of two the key comes first.
    const [keySlot, valueSlot] = slots.length === 2 ? slots : [undefined, slots[0]]
    return { kind, pipeline, keySlot, valueSlot, then, otherwise }
  }

  /** What is done otherwise; the block's end has been read afterwards. */
  #rest(first: Token, kind: 'if' | 'with' | 'range', ended: Token | undefined): Nodes {
    if (ended === undefined) throw this.#bad(`this {{${kind}}} has no {{end}}`, first.position)
    if (ended.value === 'end') {
      this.#finish()
      return []
    }
    const next = this.#peek()
    if (next.kind === 'word' && next.value === kind && kind !== 'range') {
      this.#take()
      // The end of the inner block is that of this one, too.
      return [this.#block(next, kind)]
    }
    this.#finish()
    const { nodes, ended: end } = this.#list()
    if (end === undefined) throw this.#bad(`this {{${kind}}} has no {{end}}`, first.position)
    if (end.value === 'else') throw this.#bad('a second {{else}}', end.position)
    this.#finish()
    return nodes
  }

  /** `$a :=`, `$a, $b :=` or `$a =` before a pipeline. */
  #declaration():
    | { readonly names: readonly string[]; readonly isNew: boolean; readonly position: number }
    | undefined {
    const start = this.#at
    const names: string[] = []
    const { position } = this.#peek()
    for (;;) {
      const { kind, value } = this.#take()
      if (kind !== 'variable' || value === '') break
      names.push(value)
      const sign = this.#take()
      if (sign.kind !== 'sign') break
      if (sign.value === ':=' || sign.value === '=') return { names, isNew: sign.value === ':=', position }
      if (sign.value !== ',') break
    }
    this.#at = start
    return undefined
  }

  #pipeline(): Pipeline {
    const commands: Command[] = [this.#command()]
    while (this.#peek().value === '|' && this.#peek().kind === 'sign') {
      this.#take()
      const command = this.#command()
      if (command.head.kind !== 'function' && command.head.kind !== 'chain') {
        throw this.#bad('behind a | must be a function', command.position)
      }
      commands.push(command)
    }
    return commands
  }

  #command(): Command {
    const { position } = this.#peek()
    const head = this.#operand()
    const operands: Expression[] = []
    while (!this.#isAtEnd()) operands.push(this.#operand())
    if (operands.length > 0 && head.kind !== 'function' && head.kind !== 'chain') {
      throw this.#bad('what is no function cannot have arguments', position)
    }
    return { head, operands, position }
  }

  #isAtEnd(): boolean {
    const { kind, value } = this.#peek()
    return kind === 'end' || (kind === 'sign' && (value === '|' || value === ')'))
  }

  /** A value, with the names of fields behind it that no blank parts from it. */
  #operand(): Expression {
    const first = this.#take()
    const of = this.#term(first)
    const names: string[] = first.kind === 'field' ? [first.value] : []
    while (this.#tokens[this.#at]?.kind === 'field') {
      names.push(this.#tokens[this.#at]?.value ?? '')
      this.#at++
    }
    if (names.length === 0) return of
    if (of.kind === 'constant' || of.kind === 'function') {
      throw this.#bad(`nothing can be asked of ${JSON.stringify(first.value)}`, first.position)
    }
    return { kind: 'chain', of, names, position: first.position }
  }

  #term(token: Token): Expression {
    const { kind, value, position } = token
    switch (kind) {
      case 'field':
      case 'dot':
        return { kind: 'dot' }
      case 'variable':
        return { kind: 'variable', slot: this.#slotOf(value, position) }
      case 'text':
        return { kind: 'constant', value }
      case 'number':
        return { kind: 'constant', value: numberOf(value) }
      case 'word':
        return this.#word(token)
      case 'sign': {
        if (value !== '(') break
        this.#enter(token)
        const pipeline = this.#pipeline()
        const close = this.#take()
        if (close.value !== ')' || close.kind !== 'sign') throw this.#bad('this ( has no )', position)
        this.#depth--
        return { kind: 'pipeline', pipeline }
      }
    }
    throw this.#bad(
      kind === 'end' ? 'a value is missing' : `${JSON.stringify(value)} where a value should be`,
      position,
    )
  }

  #word({ value, position }: Token): Expression {
    if (value === 'true' || value === 'false') return { kind: 'constant', value: value === 'true' }
    if (value === 'nil') return { kind: 'constant', value: null }
    if (keywords.has(value)) throw this.#bad(`${value} where a value should be`, position)
    if (!this.#functions.has(value)) {
      const known = [...this.#functions].sort().join(', ')
      throw this.#bad(
        `there is no function ${value}; there are ${known}; what an entry has begins with a point`,
        position,
      )
    }
    return { kind: 'function', name: value, position }
  }

  #declare(name: string): number {
    const slot = this.#slots++
    this.#scope.push({ name, slot })
    return slot
  }

  #slotOf(name: string, position: number): number {
    const found = this.#scope.findLast((variable) => variable.name === name)
    if (found === undefined) throw this.#bad(`there is no variable $${name} here`, position)
    return found.slot
  }

  #enter({ position }: Token): void {
    if (++this.#depth > maxDepth)
      throw this.#bad(`more than ${maxDepth} blocks and brackets inside each other`, position)
  }

  #finish(): void {
    const { kind, value, position } = this.#peek()
    if (kind !== 'end') throw this.#bad(`${JSON.stringify(value)} where the action should end`, position)
  }

  /** The next word, without taking it; blanks before it are passed over. */
  #peek(): Token {
    while (this.#tokens[this.#at]?.kind === 'blank') this.#at++
    return this.#tokens[this.#at] as Token
  }

  #take(): Token {
    const token = this.#peek()
    if (token.kind !== 'end') this.#at++
    return token
  }

  #bad(words: string, position: number): Error {
    return badTemplate(this.#template, position, words)
  }
}

function numberOf(text: string): number | bigint {
  const number = Number(text)
  return Number.isInteger(number) && !Number.isSafeInteger(number) && /^[+-]?\d+$/.test(text) ? BigInt(text) : number
}
