/** The actions of a template of Go's, one after the other: their words, the variables they see, what they ask for. */

import { badTemplate } from './template-error.ts'
import type { Command, Expression, Pipeline } from './template-nodes.ts'
import type { Token } from './template-tokens.ts'

/** Words that are no functions. */
export const keywords: ReadonlySet<string> = new Set([
  ...['if', 'else', 'end', 'range', 'with', 'break', 'continue', 'define', 'template', 'block', 'nil', 'true', 'false'],
])

/** Blocks and brackets inside each other: far beyond any template, far below any stack. */
const maxDepth = 100

/** Variables that can be seen, the innermost last, and their slots. */
export type Scope = readonly { readonly name: string; readonly slot: number }[]

/** What stands before a pipeline. */
interface Declaration {
  readonly names: readonly string[]
  readonly isNew: boolean
  readonly position: number
}

/** Reads what stands inside of an action, but for the words of blocks. */
export class TemplateActions {
  /** May be put back to what it was. */
  scope: Scope = [{ name: '', slot: 0 }]
  readonly #template: string
  readonly #functions: ReadonlySet<string>
  #tokens: readonly Token[] = []
  #at = 0
  #slots = 1
  #depth = 0

  constructor(template: string, functions: ReadonlySet<string>) {
    this.#template = template
    this.#functions = functions
  }

  /** How many variables there are, in all scopes together. */
  get slots(): number {
    return this.#slots
  }

  /** Begins with another action. */
  open(tokens: readonly Token[]): void {
    this.#tokens = tokens
    this.#at = 0
  }

  /** `$a :=`, `$a, $b :=` or `$a =` before a pipeline. */
  declaration(): Declaration | undefined {
    const start = this.#at
    const names: string[] = []
    const { position } = this.peek()
    for (;;) {
      const { kind, value } = this.take()
      if (kind !== 'variable' || value === '') break
      names.push(value)
      const sign = this.take()
      if (sign.kind !== 'sign') break
      if (sign.value === ':=' || sign.value === '=') return { names, isNew: sign.value === ':=', position }
      if (sign.value !== ',') break
    }
    this.#at = start
    return undefined
  }

  /** Commands with `|` between them. */
  pipeline(): Pipeline {
    const commands: Command[] = [this.#command()]
    while (this.peek().value === '|' && this.peek().kind === 'sign') {
      this.take()
      const command = this.#command()
      if (command.head.kind !== 'function' && command.head.kind !== 'chain') {
        throw this.bad('behind a | must be a function', command.position)
      }
      commands.push(command)
    }
    return commands
  }

  #command(): Command {
    const { position } = this.peek()
    const head = this.#operand()
    const operands: Expression[] = []
    while (!this.#isAtEnd()) operands.push(this.#operand())
    if (operands.length > 0 && head.kind !== 'function' && head.kind !== 'chain') {
      throw this.bad('what is no function cannot have arguments', position)
    }
    return { head, operands, position }
  }

  #isAtEnd(): boolean {
    const { kind, value } = this.peek()
    return kind === 'end' || (kind === 'sign' && (value === '|' || value === ')'))
  }

  /** A value, with the names of fields behind it that no blank parts from it. */
  #operand(): Expression {
    const first = this.take()
    const of = this.#term(first)
    const names: string[] = first.kind === 'field' ? [first.value] : []
    while (this.#tokens[this.#at]?.kind === 'field') {
      names.push(this.#tokens[this.#at]?.value ?? '')
      this.#at++
    }
    if (names.length === 0) return of
    if (of.kind === 'constant' || of.kind === 'function') {
      throw this.bad(`nothing can be asked of ${JSON.stringify(first.value)}`, first.position)
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
        return { kind: 'variable', slot: this.slotOf(value, position) }
      case 'text':
        return { kind: 'constant', value }
      case 'number':
        return { kind: 'constant', value: numberOf(value) }
      case 'word':
        return this.#word(token)
      case 'sign': {
        if (value !== '(') break
        this.enter(token)
        const pipeline = this.pipeline()
        const close = this.take()
        if (close.value !== ')' || close.kind !== 'sign') throw this.bad('this ( has no )', position)
        this.leave()
        return { kind: 'pipeline', pipeline }
      }
    }
    throw this.bad(kind === 'end' ? 'a value is missing' : `${JSON.stringify(value)} where a value should be`, position)
  }

  #word({ value, position }: Token): Expression {
    if (value === 'true' || value === 'false') return { kind: 'constant', value: value === 'true' }
    if (value === 'nil') return { kind: 'constant', value: null }
    if (keywords.has(value)) throw this.bad(`${value} where a value should be`, position)
    if (!this.#functions.has(value)) {
      const known = [...this.#functions].sort().join(', ')
      throw this.bad(
        `there is no function ${value}; there are ${known}; what an entry has begins with a point`,
        position,
      )
    }
    return { kind: 'function', name: value, position }
  }

  /** A new variable. */
  declare(name: string): number {
    const slot = this.#slots++
    this.scope = [...this.scope, { name, slot }]
    return slot
  }

  /** The variable of that name, the innermost one. */
  slotOf(name: string, position: number): number {
    const found = this.scope.findLast((variable) => variable.name === name)
    if (found === undefined) throw this.bad(`there is no variable $${name} here`, position)
    return found.slot
  }

  /** A block or bracket begins. */
  enter({ position }: Token): void {
    if (++this.#depth > maxDepth)
      throw this.bad(`more than ${maxDepth} blocks and brackets inside each other`, position)
  }

  /** The innermost block or bracket ends. */
  leave(): void {
    this.#depth--
  }

  /** Nothing may follow in this action. */
  finish(): void {
    const { kind, value, position } = this.peek()
    if (kind !== 'end') throw this.bad(`${JSON.stringify(value)} where the action should end`, position)
  }

  /** The next word, without taking it; blanks before it are passed over. */
  peek(): Token {
    while (this.#tokens[this.#at]?.kind === 'blank') this.#at++
    return this.#tokens[this.#at] as Token
  }

  /** The next word; the end is never passed. */
  take(): Token {
    const token = this.peek()
    if (token.kind !== 'end') this.#at++
    return token
  }

  /** What is wrong, and where. */
  bad(words: string, position: number): Error {
    return badTemplate(this.#template, position, words)
  }
}

function numberOf(text: string): number | bigint {
  const number = Number(text)
  return Number.isInteger(number) && !Number.isSafeInteger(number) && /^[+-]?\d+$/.test(text) ? BigInt(text) : number
}
