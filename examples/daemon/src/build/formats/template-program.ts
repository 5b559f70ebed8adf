/** A template's tree, made into functions. */

import { badTemplate, TemplateFailure } from './template-error.ts'
import { type TemplateFunction, templateFunctions } from './template-functions.ts'
import { timeMethod } from './template-methods.ts'
import type { Command, Expression, Node, Nodes, Pipeline } from './template-nodes.ts'
import { noValue, printed } from './template-printed.ts'
import { treeOf } from './template-tree.ts'
import { isTrue, kindOf, member, membersOf, type TemplateFields, TemplateTime } from './template-values.ts'

/** An entry as templates see it. */
export interface TemplateEntry {
  readonly Timestamp: TemplateTime
  readonly Level: string
  readonly Source: string
  readonly Message: string
  readonly Fields?: TemplateFields
}

/** What one run of a template knows. */
class Run {
  readonly variables: unknown[]
  text = ''
  #steps = 0
  readonly #maxChars: number

  constructor(slots: number, root: object, maxChars: number) {
    this.variables = new Array(slots)
    this.variables[0] = root
    this.#maxChars = maxChars
  }

  write(text: string): void {
    this.text += this.bounded(text)
    if (this.text.length > this.#maxChars) throw new TemplateFailure('the text is too long')
  }

  /** A loop goes on, or a value was made. */
  step(): void {
    if (++this.#steps > maxSteps) throw new TemplateFailure('it takes too many steps')
  }

  /** No text on the way may be longer than what may come out. */
  bounded(text: string): string {
    if (text.length > this.#maxChars) throw new TemplateFailure('a text is too long')
    return text
  }
}

const maxSteps = 100_000
const maxExtraChars = 16 * 1024 * 1024

/** How a part of a template ended: `break` and `continue` end the parts around it too. */
type Ending = 'done' | 'break' | 'continue'
type Evaluate = (run: Run, dot: unknown) => unknown
type Execute = (run: Run, dot: unknown) => Ending

/**
 * Compiles a template. What it gives throws a {@link TemplateFailure} when something cannot be made into text.
 *
 * @throws LogwispError `BAD_OPTION` with the place.
 */
export function programOf(template: string, fmtTime: (time: number) => string): (root: TemplateEntry) => string {
  const functions = templateFunctions(fmtTime)
  const { nodes, slots } = treeOf(template, new Set([...functions.keys(), 'and', 'or']))
  const execute = new Compiler(template, functions).nodes(nodes)
  return (root) => {
    const run = new Run(slots, root, maxExtraChars + 4 * root.Message.length)
    execute(run, root)
    return run.text
  }
}

class Compiler {
  readonly #template: string
  readonly #functions: ReadonlyMap<string, TemplateFunction>

  constructor(template: string, functions: ReadonlyMap<string, TemplateFunction>) {
    this.#template = template
    this.#functions = functions
  }

  nodes(nodes: Nodes): Execute {
    const parts = nodes.map((node) => this.#node(node))
    return (run, dot) => {
      for (const part of parts) {
        const ending = part(run, dot)
        if (ending !== 'done') return ending
      }
      return 'done'
    }
  }

  #node(node: Node): Execute {
    switch (node.kind) {
      case 'text':
        return (run) => {
          run.write(node.text)
          return 'done'
        }
      case 'show': {
        const value = this.#pipeline(node.pipeline)
        return (run, dot) => {
          run.write(printed(value(run, dot), noValue))
          return 'done'
        }
      }
      case 'set': {
        const value = this.#pipeline(node.pipeline)
        return (run, dot) => {
          run.variables[node.slot] = value(run, dot)
          return 'done'
        }
      }
      case 'break':
      case 'continue':
        return () => node.kind
      case 'range':
        return this.#range(node)
      default:
        return this.#choice(node)
    }
  }

  #choice({ kind, pipeline, slot, then, otherwise }: Extract<Node, { kind: 'if' | 'with' }>): Execute {
    const value = this.#pipeline(pipeline)
    const yes = this.nodes(then)
    const no = this.nodes(otherwise)
    return (run, dot) => {
      const found = value(run, dot)
      if (slot !== undefined) run.variables[slot] = found
      return isTrue(found) ? yes(run, kind === 'with' ? found : dot) : no(run, dot)
    }
  }

  #range({ pipeline, keySlot, valueSlot, then, otherwise }: Extract<Node, { kind: 'range' }>): Execute {
    const value = this.#pipeline(pipeline)
    const body = this.nodes(then)
    const none = this.nodes(otherwise)
    return (run, dot) => {
      const all = eachOf(value(run, dot))
      let isEmpty = true
      for (const [key, item] of all) {
        isEmpty = false
        run.step()
        if (keySlot !== undefined) run.variables[keySlot] = key
        if (valueSlot !== undefined) run.variables[valueSlot] = item
        if (body(run, item) === 'break') break
      }
      return isEmpty ? none(run, dot) : 'done'
    }
  }

  #pipeline(commands: Pipeline): Evaluate {
    const [first, ...rest] = commands
    let evaluate = this.#command(first as Command, undefined)
    for (const command of rest) evaluate = this.#command(command, evaluate)
    return evaluate
  }

  /** `piped` is the last argument, when there is one. */
  #command({ head, operands, position }: Command, piped: Evaluate | undefined): Evaluate {
    const args = [...operands.map((operand) => this.#expression(operand)), ...(piped === undefined ? [] : [piped])]
    if (head.kind === 'function') return this.#call(head.name, args, position)
    if (head.kind === 'chain') return this.#chain(head, args)
    return this.#expression(head)
  }

  #expression(expression: Expression): Evaluate {
    switch (expression.kind) {
      case 'constant':
        return () => expression.value
      case 'dot':
        return (_run, dot) => dot
      case 'variable':
        return (run) => run.variables[expression.slot]
      case 'pipeline':
        return this.#pipeline(expression.pipeline)
      case 'function':
        return this.#call(expression.name, [], expression.position)
      case 'chain':
        return this.#chain(expression, [])
    }
  }

  #call(name: string, args: readonly Evaluate[], position: number): Evaluate {
    if (name === 'and' || name === 'or') return this.#untilDecided(name, args, position)
    const found = this.#functions.get(name) as TemplateFunction
    if (args.length < found.min || args.length > found.max) {
      const wanted =
        found.min === found.max
          ? String(found.min)
          : found.max === Infinity
            ? `${found.min} or more`
            : `${found.min} to ${found.max}`
      throw badTemplate(this.#template, position, `${name} takes ${wanted} arguments, and has ${args.length}`)
    }
    return (run, dot) => {
      run.step()
      const value = found.call(args.map((arg) => arg(run, dot)))
      return typeof value === 'string' ? run.bounded(value) : value
    }
  }

  /** The first argument that decides, or the last. */
  #untilDecided(name: 'and' | 'or', args: readonly Evaluate[], position: number): Evaluate {
    if (args.length === 0) throw badTemplate(this.#template, position, `${name} takes 1 or more arguments, and has 0`)
    return (run, dot) => {
      let value: unknown
      for (const arg of args) {
        value = arg(run, dot)
        if (isTrue(value) === (name === 'or')) return value
      }
      return value
    }
  }

  #chain({ of, names }: Extract<Expression, { kind: 'chain' }>, args: readonly Evaluate[]): Evaluate {
    const start = this.#expression(of)
    return (run, dot) => {
      let value = start(run, dot)
      for (const [index, name] of names.entries()) {
        const isLast = index === names.length - 1
        if (value instanceof TemplateTime) {
          value = timeMethod(value, name, isLast ? args.map((arg) => arg(run, dot)) : [])
        } else {
          if (isLast && args.length > 0) throw new TemplateFailure(`${name} is no method`)
          value = member(value, name)
        }
      }
      return value
    }
  }
}

function eachOf(value: unknown): Iterable<readonly [string | number, unknown]> {
  if (typeof value === 'number' && Number.isInteger(value)) return counted(value)
  const members = membersOf(value)
  if (members === undefined) throw new TemplateFailure(`range cannot go through ${kindOf(value)}`)
  return members
}

function* counted(until: number): Generator<readonly [number, number]> {
  for (let at = 0; at < until; at++) yield [at, at]
}
