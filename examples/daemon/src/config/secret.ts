/** A text that is never shown, and where it is kept. */

import { inspect } from 'node:util'

/** A secret is wanted that nobody has read. */
export class UnreadSecretError extends Error {
  override readonly name = 'UnreadSecretError'
}

/** What a configuration says of a secret; {@link reveal} gives the text once `resolveSecrets` has found it. */
export class Secret {
  readonly #reference: string
  #value: string | undefined

  constructor(reference: string) {
    this.#reference = reference
    if (this.kind === 'text') this.#value = reference
  }

  /** Where the text is: in the configuration, in a file, or in an environment variable. */
  get kind(): 'text' | 'file' | 'environment' {
    if (this.#reference.startsWith('file:')) return 'file'
    return this.#reference.startsWith('env:') ? 'environment' : 'text'
  }

  /** The file's path or the variable's name; undefined for a text in the configuration itself. */
  get place(): string | undefined {
    return this.kind === 'text' ? undefined : this.#reference.slice(this.#reference.indexOf(':') + 1)
  }

  /** Says what was found at {@link place}. */
  resolve(value: string): void {
    this.#value = value
  }

  /** The text. Throws an UnreadSecretError when it was not looked for yet, or could not be had. */
  reveal(): string {
    if (this.#value === undefined) throw new UnreadSecretError(`the secret ${this} was not read yet`)
    return this.#value
  }

  /** Two secrets are the same when their texts are, wherever they came from. */
  equals(other: Secret): boolean {
    return this.reveal() === other.reveal()
  }

  /** The reference for one that is elsewhere, stars for the text itself. */
  toString(): string {
    return this.kind === 'text' ? '***' : this.#reference
  }

  toJSON(): string {
    return this.toString()
  }

  [inspect.custom](): string {
    return `Secret(${this})`
  }
}
