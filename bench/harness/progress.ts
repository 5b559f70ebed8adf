/** One line that says what is being done: rewritten in place on a terminal, else one line for each step. */

/** Where to. */
export interface ProgressOutput {
  readonly isTTY?: boolean | undefined
  readonly columns?: number | undefined
  write(text: string): unknown
}

export class Progress {
  readonly #output: ProgressOutput
  #last = ''

  constructor(output: ProgressOutput) {
    this.#output = output
  }

  /** Says what is being done now. */
  step(text: string): void {
    if (text === this.#last) return
    this.#last = text
    if (this.#output.isTTY) this.#output.write(`\r\x1b[K${text.slice(0, (this.#output.columns ?? 80) - 1)}`)
    else this.#output.write(`${text}\n`)
  }

  /** Nothing is being done any more, or something else wants to write. */
  clear(): void {
    if (this.#output.isTTY && this.#last !== '') this.#output.write('\r\x1b[K')
    this.#last = ''
  }
}
