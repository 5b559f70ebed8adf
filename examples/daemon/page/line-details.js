/** All that is known of one line, in a panel below the list. */

import { copyText } from './copy-text.js'
import { readLineExactly } from './read-line.js'
import { visibleText } from './visible-text.js'

/** Of one text in the panel: a line may be longer than a page can lay out at once. Copying gives all of it. */
const maxCharacters = 100_000

export class LineDetails {
  /** The line that is shown. @type {number | undefined} */
  number
  onClose = () => {}
  #panel
  #list
  #copied
  /** @type {import('./line-store.js').Item | undefined} */
  #item

  /** @param {HTMLElement} panel @param {(text: string) => void} say */
  constructor(panel, say) {
    this.#panel = panel
    this.#copied = say
    this.#list = /** @type {HTMLElement} */ (panel.querySelector('dl'))
    panel.querySelector('.close')?.addEventListener('click', () => this.close())
    panel.querySelector('.copy-message')?.addEventListener('click', () => this.copy('message'))
    panel.querySelector('.copy-data')?.addEventListener('click', () => this.copy('data'))
  }

  get isOpen() {
    return !this.#panel.hidden
  }

  /** @param {number} number @param {import('./line-store.js').Item} item */
  show(number, item) {
    if (this.number === number && this.isOpen) return
    this.number = number
    this.#item = item
    this.#list.replaceChildren(...rowsOf(item).flatMap(([name, text]) => pair(name, text)))
    this.#panel.hidden = false
    this.#panel.scrollTop = 0
  }

  close() {
    if (!this.isOpen) return
    this.#panel.hidden = true
    this.number = undefined
    this.#item = undefined
    this.#list.replaceChildren()
    this.onClose()
  }

  /** @param {'message' | 'data'} what */
  copy(what) {
    if (this.#item !== undefined) void copyLine(this.#item, what, this.#copied)
  }
}

/**
 * @param {import('./line-store.js').Item} item
 * @param {'message' | 'data'} what
 * @param {(text: string) => void} say
 */
export async function copyLine(item, what, say) {
  if (item.data === undefined) return
  const text = what === 'data' ? item.data : readLineExactly(item.data).message
  say((await copyText(text)) ? 'Copied.' : 'The browser did not allow copying.')
}

/** @returns {[string, string][]} */
function rowsOf(item) {
  if (item.data === undefined) return [['missing', item.gap]]
  const { time, level, source, message, fields } = readLineExactly(item.data)
  const rows = /** @type {[string, string][]} */ ([])
  if (time !== undefined) rows.push(['time', new Date(time).toISOString()])
  else rows.push(['came', new Date(item.at).toISOString()])
  if (level) rows.push(['level', level])
  if (source !== '') rows.push(['source', source])
  rows.push(['message', message])
  for (const [name, value] of Object.entries(fields ?? {})) {
    rows.push([name, typeof value === 'string' ? value : JSON.stringify(value, undefined, 2)])
  }
  return rows
}

function pair(name, text) {
  const term = document.createElement('dt')
  term.textContent = visibleText(name)
  const value = document.createElement('dd')
  const hidden = text.length - maxCharacters
  value.textContent =
    visibleText(text.slice(0, maxCharacters)) +
    (hidden > 0 ? `… ${hidden.toLocaleString()} characters more; Copy gives all of them` : '')
  return [term, value]
}
