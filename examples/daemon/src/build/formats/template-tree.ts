/** The tree of a template of Go's: its blocks, and what its actions mean. */

import { keywords, TemplateActions } from './template-actions.ts'
import type { Node, Nodes, Tree } from './template-nodes.ts'
import { piecesOf, type Token } from './template-tokens.ts'

/** @throws LogwispError `BAD_OPTION` with the place. */
export function treeOf(template: string, functions: ReadonlySet<string>): Tree {
  return new Reader(template, functions).read()
}

class Reader {
  readonly #pieces: ReturnType<typeof piecesOf>
  readonly #action: TemplateActions
  #next = 0
  #ranges = 0

  constructor(template: string, functions: ReadonlySet<string>) {
    this.#pieces = piecesOf(template)
    this.#action = new TemplateActions(template, functions)
  }

  read(): Tree {
    const { nodes, ended } = this.#list()
    if (ended !== undefined)
      throw this.#action.bad(`{{${ended.value}}} without a block that it belongs to`, ended.position)
    return { nodes, slots: this.#action.slots }
  }

  /** Up to the end of the template, or an `else` or `end`, which is given back. */
  #list(): { readonly nodes: Nodes; readonly ended: Token | undefined } {
    const nodes: Node[] = []
    for (;;) {
      const piece = this.#pieces[this.#next]
      if (piece === undefined) return { nodes, ended: undefined }
      this.#next++
      if (typeof piece === 'string') {
        if (piece !== '') nodes.push({ kind: 'text', text: piece })
        continue
      }
      this.#action.open(piece.tokens)
      const first = this.#action.peek()
      if (first.kind === 'word' && (first.value === 'else' || first.value === 'end')) {
        this.#action.take()
        return { nodes, ended: first }
      }
      nodes.push(this.#node(first))
    }
  }

  #node(first: Token): Node {
    if (first.kind === 'end') throw this.#action.bad('the action is empty', first.position)
    if (first.kind !== 'word' || !keywords.has(first.value)) return this.#plainAction()
    switch (first.value) {
      case 'if':
      case 'with':
      case 'range':
        this.#action.take()
        return this.#block(first, first.value)
      case 'break':
      case 'continue':
        this.#action.take()
        this.#action.finish()
        if (this.#ranges === 0) throw this.#action.bad(`{{${first.value}}} outside of a {{range}}`, first.position)
        return { kind: first.value }
      case 'define':
      case 'template':
      case 'block':
        throw this.#action.bad(`{{${first.value}}} is not known here: a format is one template`, first.position)
      default:
        return this.#plainAction()
    }
  }

  #plainAction(): Node {
    const declared = this.#action.declaration()
    const pipeline = this.#action.pipeline()
    this.#action.finish()
    if (declared === undefined) return { kind: 'show', pipeline }
    const [name, ...more] = declared.names
    if (name === undefined || more.length > 0)
      throw this.#action.bad('only {{range}} has two variables', declared.position)
    return {
      kind: 'set',
      slot: declared.isNew ? this.#action.declare(name) : this.#action.slotOf(name, declared.position),
      pipeline,
    }
  }

  #block(first: Token, kind: 'if' | 'with' | 'range'): Node {
    this.#action.enter(first)
    const { scope } = this.#action
    const declared = this.#action.declaration()
    const pipeline = this.#action.pipeline()
    this.#action.finish()
    const names = declared?.names ?? []
    if (names.length > (kind === 'range' ? 2 : 1))
      throw this.#action.bad(`too many variables for {{${kind}}}`, first.position)
    const slots = names.map((name) =>
      declared?.isNew === true
        ? this.#action.declare(name)
        : this.#action.slotOf(name, declared?.position ?? first.position),
    )
    if (kind === 'range') this.#ranges++
    const inside = this.#action.scope
    const body = this.#list()
    if (kind === 'range') this.#ranges--
    this.#action.scope = inside
    const otherwise = this.#rest(first, kind, body.ended)
    this.#action.scope = scope
    this.#action.leave()
    const then = body.nodes
    if (kind !== 'range') return { kind, pipeline, slot: slots[0], then, otherwise }
    // Of one variable of a range it is the value, of two the key comes first.
    const [keySlot, valueSlot] = slots.length === 2 ? slots : [undefined, slots[0]]
    return { kind, pipeline, keySlot, valueSlot, then, otherwise }
  }

  /** What is done otherwise; the block's end has been read afterwards. */
  #rest(first: Token, kind: 'if' | 'with' | 'range', ended: Token | undefined): Nodes {
    if (ended === undefined) throw this.#action.bad(`this {{${kind}}} has no {{end}}`, first.position)
    if (ended.value === 'end') {
      this.#action.finish()
      return []
    }
    const next = this.#action.peek()
    if (next.kind === 'word' && next.value === kind && kind !== 'range') {
      this.#action.take()
      // The end of the inner block is that of this one, too.
      return [this.#block(next, kind)]
    }
    this.#action.finish()
    const { nodes, ended: end } = this.#list()
    if (end === undefined) throw this.#action.bad(`this {{${kind}}} has no {{end}}`, first.position)
    if (end.value === 'else') throw this.#action.bad('a second {{else}}', end.position)
    this.#action.finish()
    return nodes
  }
}
