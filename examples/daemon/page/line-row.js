/** One row of the list, used for one line after another. Everything goes in as text, never as markup. */

import { maxShownCharacters } from './line-view.js'
import { readLine } from './read-line.js'
import { visibleOnOneLine, visibleText } from './visible-text.js'

/** Times are shown in the reader's own zone. */
const clock = new Intl.DateTimeFormat([], {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  fractionalSecondDigits: 3,
  hourCycle: 'h23',
})

/** @returns {HTMLElement} */
export function makeRow() {
  const row = document.createElement('div')
  row.setAttribute('role', 'option')
  // Their number is not known: they come and go.
  row.setAttribute('aria-setsize', '-1')
  const time = document.createElement('time')
  const text = part('text')
  text.append(part('message'), part('fields'), part('more'))
  row.append(time, part('level'), part('source'), text)
  return row
}

/**
 * @param {HTMLElement} row
 * @param {number} number of the line since the page was opened
 * @param {import('./line-store.js').Item} item
 * @param {boolean} wraps
 */
export function fillRow(row, number, item, wraps) {
  row.id = `line-${number}`
  row.setAttribute('aria-posinset', String(number + 1))
  const [time, level, source, text] = /** @type {HTMLElement[]} */ ([...row.children])
  const [message, fields, more] = /** @type {HTMLElement[]} */ ([...text.children])
  if (item.data === undefined) {
    row.className = 'row gap'
    for (const each of [time, level, source, fields, more]) each.textContent = ''
    message.textContent = item.gap
    return
  }
  const line = readLine(item.data)
  const visible = wraps ? visibleText : visibleOnOneLine
  row.className = line.level ? `row ${line.level}` : 'row'
  const at = new Date(line.time ?? item.at)
  time.textContent = clock.format(at)
  time.dateTime = at.toISOString()
  time.title = line.time === undefined ? `came ${at.toISOString()}` : at.toISOString()
  level.textContent = line.level ?? ''
  source.textContent = visibleOnOneLine(line.source.split('/').at(-1) ?? '')
  source.title = visibleOnOneLine(line.source)
  message.textContent = visible(cut(line.message, maxShownCharacters))
  const left = Math.max(0, maxShownCharacters - line.message.length)
  const fieldsText = line.fields === undefined ? '' : JSON.stringify(line.fields)
  fields.textContent = visible(cut(fieldsText, left))
  const hidden = line.message.length + fieldsText.length - maxShownCharacters
  more.textContent = hidden > 0 ? `… ${hidden.toLocaleString()} characters more, see details` : ''
}

/** A row of no line, with the height that one line of text has. @returns {HTMLElement} */
export function makeProbeRow() {
  const row = makeRow()
  row.className = 'row probe'
  row.setAttribute('role', 'presentation')
  row.removeAttribute('aria-setsize')
  row.ariaHidden = 'true'
  const message = /** @type {HTMLElement} */ (row.querySelector('.message'))
  message.textContent = '0'.repeat(10)
  return row
}

function cut(text, length) {
  if (text.length <= length) return text
  // Not between the halves of one character.
  const code = text.charCodeAt(length - 1)
  return text.slice(0, code >= 0xd800 && code < 0xdc00 ? length - 1 : length)
}

function part(className) {
  const made = document.createElement('span')
  made.className = className
  return made
}
