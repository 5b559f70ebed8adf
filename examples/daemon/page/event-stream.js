/** Server-sent events, taken apart as they come; the id is known even of those that carry nothing else. */

/** @typedef {{ event: string, data: string, id: string }} ServerSentEvent */

export class EventStreamParser {
  /** Of the last event that was complete. */
  lastId = ''
  /** How long the server wants us to wait before we come back. @type {number | undefined} */
  retryMs
  #rest = []
  #endedInReturn = false
  #event = ''
  #id = ''
  #data = []
  #take

  /** @param {(event: ServerSentEvent) => void} take */
  constructor(take) {
    this.#take = take
  }

  /** @param {string} text The next piece, cut anywhere. */
  push(text) {
    let from = 0
    // A line feed that belongs to the return at the end of the last piece.
    if (this.#endedInReturn && text.startsWith('\n')) from = 1
    if (text !== '') this.#endedInReturn = text.endsWith('\r')
    const lineEnd = /\r\n|\n|\r/g
    lineEnd.lastIndex = from
    for (let end = lineEnd.exec(text); end !== null; end = lineEnd.exec(text)) {
      const line = text.slice(from, end.index)
      from = lineEnd.lastIndex
      if (this.#rest.length === 0) this.#line(line)
      else {
        this.#rest.push(line)
        const whole = this.#rest.join('')
        this.#rest = []
        this.#line(whole)
      }
    }
    if (from < text.length) this.#rest.push(text.slice(from))
  }

  #line(line) {
    if (line === '') return this.#dispatch()
    if (line.startsWith(':')) return
    const colon = line.indexOf(':')
    const name = colon === -1 ? line : line.slice(0, colon)
    const value = colon === -1 ? '' : line.slice(line.startsWith(' ', colon + 1) ? colon + 2 : colon + 1)
    if (name === 'data') this.#data.push(value)
    else if (name === 'event') this.#event = value
    else if (name === 'id' && !value.includes('\0')) this.#id = value
    else if (name === 'retry' && /^\d+$/.test(value)) this.retryMs = Number(value)
  }

  #dispatch() {
    this.lastId = this.#id
    const event = this.#event
    this.#event = ''
    if (this.#data.length === 0) return
    const data = this.#data.length === 1 ? this.#data[0] : this.#data.join('\n')
    this.#data = []
    this.#take({ event, data, id: this.lastId })
  }
}
