/** What must not be shown: some servers repeat in an error what they were sent, and that goes into ours. */

/** Below this a text is more likely to be a word than a secret. */
const minSecretChars = 4

/** Tokens that were used of late; an answer is about one of them. */
const maxTokens = 16

export class Secrets {
  readonly #fixed: readonly string[]
  readonly #tokens = new Set<string>()

  constructor(fixed: readonly string[]) {
    this.#fixed = fixed.filter(({ length }) => length >= minSecretChars)
  }

  /** Another one, which comes and goes. */
  add(token: string): void {
    this.#tokens.delete(token)
    this.#tokens.add(token)
    if (this.#tokens.size > maxTokens) this.#tokens.delete(this.#tokens.values().next().value as string)
  }

  /** The text without any of them, and without the credentials that an address in it may have. */
  hide(text: string): string {
    let shown = text.replace(/\/\/[^/@\s]*@/g, '//')
    for (const secret of [...this.#fixed, ...this.#tokens]) shown = shown.replaceAll(secret, '[hidden]')
    return shown
  }
}
