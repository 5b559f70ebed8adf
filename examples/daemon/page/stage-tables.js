/** The stages of one pipeline, its files and its viewers, as tables. */

import { balanceOf, booksTables } from './books-tables.js'
import { rate } from './pipeline-figures.js'
import { readableBytes, readableNumber, readableRate } from './readable-number.js'

/** Beyond, a table says how many there are more: a directory may have thousands of files. */
const maxRows = 200

/**
 * @typedef {object} Column
 * @property {string} title
 * @property {(row: any, before: any, seconds: number) => string} text
 * @property {boolean} [isNumber]
 * @property {(row: any) => boolean} [isBad]
 */

const drops = (dropped) =>
  Object.entries(dropped)
    .filter(([, entries]) => entries > 0)
    .map(([reason, entries]) => `${reason} ${readableNumber(entries)}`)
    .join(', ')

/** @type {(title: string, of: (row: any) => number | undefined, write?: (value: number) => string) => Column} */
const number = (title, of, write = readableNumber) => ({
  title,
  isNumber: true,
  text: (row) => {
    const value = of(row)
    return value === undefined ? '' : write(value)
  },
})

const common = [
  { title: 'type', text: (row) => row.type },
  { title: 'state', text: (row) => row.state },
]
const troubles = [
  number('restarts', (row) => row.restarts),
  { title: 'dropped', text: (row) => drops(row.dropped) },
  { title: 'last error', text: (row) => row.last_error ?? '' },
]

/** @type {{ title: string, rows: (pipeline: any) => any[], columns: Column[] }[]} */
const tables = [
  ...booksTables,
  {
    title: 'Sources',
    rows: ({ sources }) => sources,
    columns: [
      ...common,
      number('entries', (row) => row.total_entries),
      perSecond((row) => row.total_entries),
      number('bytes', (row) => row.bytes, readableBytes),
      number('connections', (row) => row.active_connections),
      ...troubles,
    ],
  },
  {
    title: 'Files',
    rows: ({ sources }) => sources.flatMap((source) => source.files ?? []).sort((a, b) => b.lag - a.lag),
    columns: [
      { title: 'path', text: (row) => row.path },
      number('size', (row) => row.size, readableBytes),
      number('read up to', (row) => row.position),
      number('unread', (row) => row.lag, readableBytes),
    ],
  },
  {
    title: 'Filters',
    rows: ({ filters }) => filters.filters,
    columns: [
      { title: 'type', text: (row) => row.type },
      { title: 'logic', text: (row) => row.logic },
      number('patterns', (row) => row.pattern_count),
      number('entries', (row) => row.total_processed),
      number('matched', (row) => row.total_matched),
      number('dropped', (row) => row.total_dropped),
    ],
  },
  {
    title: 'Sinks',
    rows: ({ sinks }) => sinks,
    columns: [
      ...common,
      number('given', (row) => row.total_processed),
      number('delivered', (row) => row.total_delivered),
      perSecond((row) => row.total_delivered),
      number('waiting', (row) => row.queue.entries),
      { ...number('in buffer', (row) => row.buffer?.entries), isBad: (row) => row.buffer?.is_full === true },
      number('connections', (row) => row.active_connections),
      ...troubles,
    ],
  },
  {
    title: 'Viewers',
    rows: ({ sinks }) => sinks.flatMap((sink) => sink.viewers ?? []).sort((a, b) => b.lag - a.lag),
    columns: [
      { title: 'address', text: (row) => row.address },
      { title: 'name', text: (row) => row.name ?? '' },
      { title: 'since', text: (row) => new Date(row.connected_at).toLocaleTimeString() },
      number('sent', (row) => row.sent),
      number('behind', (row) => row.lag),
      number('missed', (row) => row.missed),
    ],
  },
]

/** @param {(row: any) => number} of @returns {Column} */
function perSecond(of) {
  return {
    title: 'per second',
    isNumber: true,
    text: (row, before, seconds) => readableRate(before === undefined ? undefined : rate(of(row), of(before), seconds)),
  }
}

export class StageTables {
  /** @type {{ section: HTMLElement, body: HTMLElement, more: HTMLElement }[]} */
  #parts
  /** @type {{ pipeline: any, at: number } | undefined} */
  #before

  /** Whether the books balance. */
  #balance = document.createElement('p')

  /** @param {HTMLElement} place */
  constructor(place) {
    this.#parts = tables.map(makeTable)
    this.#balance.id = 'balance'
    this.#balance.role = 'status'
    place.append(this.#balance, ...this.#parts.map(({ section }) => section))
  }

  /** @param {any} pipeline A PipelineStatus. @param {number} at */
  show(pipeline, at) {
    const before = this.#before?.pipeline.name === pipeline.name ? this.#before : undefined
    const seconds = before === undefined ? 0 : (at - before.at) / 1000
    this.#showBalance(pipeline)
    for (const [place, { rows: rowsOf, columns }] of tables.entries()) {
      const { section, body, more } = /** @type {(typeof this.#parts)[number]} */ (this.#parts[place])
      const rows = rowsOf(pipeline)
      const rowsBefore = before === undefined ? [] : rowsOf(before.pipeline)
      section.hidden = rows.length === 0
      const shown = rows.slice(0, maxRows)
      while (body.childElementCount > shown.length) body.lastElementChild?.remove()
      while (body.childElementCount < shown.length) body.append(makeCells(columns))
      for (const [at, row] of shown.entries()) {
        const cells = /** @type {Element} */ (body.children[at]).children
        for (const [column, { text, isBad }] of columns.entries()) {
          const cell = /** @type {Element} */ (cells[column])
          const value = text(row, rowsBefore[at], seconds)
          if (cell.textContent !== value) cell.textContent = value
          cell.classList.toggle('bad', isBad?.(row) === true)
        }
      }
      more.hidden = rows.length <= maxRows
      more.textContent = more.hidden ? '' : `and ${readableNumber(rows.length - maxRows)} more`
    }
    this.#before = { pipeline, at }
  }

  #showBalance(pipeline) {
    const balance = balanceOf(pipeline)
    this.#balance.hidden = balance === undefined
    if (balance === undefined) return
    this.#balance.classList.toggle('bad', !balance.isBalanced)
    // What is the same is not read out again.
    if (this.#balance.textContent !== balance.text) this.#balance.textContent = balance.text
  }
}

function makeTable({ title, columns }) {
  const section = document.createElement('section')
  const table = document.createElement('table')
  const caption = document.createElement('caption')
  caption.textContent = title
  const head = document.createElement('tr')
  for (const { title: name, isNumber } of columns) {
    const cell = document.createElement('th')
    cell.scope = 'col'
    cell.textContent = name
    if (isNumber) cell.className = 'number'
    head.append(cell)
  }
  const top = document.createElement('thead')
  top.append(head)
  const body = document.createElement('tbody')
  table.append(caption, top, body)
  const more = document.createElement('p')
  more.hidden = true
  // Wide tables are scrolled, by keys too.
  const box = document.createElement('div')
  box.className = 'table'
  box.tabIndex = 0
  box.role = 'region'
  box.ariaLabel = title
  box.append(table)
  section.append(box, more)
  section.hidden = true
  return { section, body, more }
}

/** @param {Column[]} columns */
function makeCells(columns) {
  const row = document.createElement('tr')
  for (const { isNumber } of columns) {
    const cell = document.createElement('td')
    if (isNumber) cell.className = 'number'
    row.append(cell)
  }
  return row
}
