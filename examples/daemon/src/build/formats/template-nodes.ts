/** What a template of Go's means, once it is read. */

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

/** Several, in their order. */
export type Nodes = readonly Node[]

/** A template that was read. */
export interface Tree {
  readonly nodes: Nodes
  /** Variables that it needs room for; the first is `$`, the entry. */
  readonly slots: number
}
