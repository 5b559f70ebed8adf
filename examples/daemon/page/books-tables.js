/** The books of the sources: what became of everything that was read, and where something was dropped. */

import { readableNumber } from './readable-number.js'

/**
 * @typedef {object} Way
 * @property {string} of the file or stream
 * @property {string} at where on its way
 * @property {any} way A WayStatus.
 */

/** Each account as rows: its own way, then that in each sink. Of several all together come first. @returns {Way[]} */
function ways({ sources }) {
  return sources
    .filter(({ books }) => books !== undefined)
    .flatMap(({ type, books: { total, accounts, account_count: count } }) => [
      ...(count === 1 ? [] : rowsOf(`all ${readableNumber(count)} of ${type}`, total)),
      ...accounts.flatMap((account) => rowsOf(account.source, account)),
    ])
}

function rowsOf(of, account) {
  return [{ of, at: 'read', way: account }, ...account.sinks.map((way) => ({ of, at: `→ ${way.sink}`, way }))]
}

/** @param {Way[]} rows */
const drops = (rows) =>
  rows.flatMap(({ of, at, way }) =>
    Object.entries(way.dropped).map(([reason, drop]) => ({
      of,
      at: at === 'read' ? 'before the sinks' : at,
      reason,
      drop,
    })),
  )

const number = (title, of) => ({ title, isNumber: true, text: (row) => readableNumber(of(row)) })
const dropped = ({ way }) => Object.values(way.dropped).reduce((sum, { entries }) => sum + entries, 0)

/** Whether something is not accounted for on this way. */
const isWrong = ({ way }) => way.missing !== 0 || way.in_flight < 0 || way.left_over < 0

export const booksTables = [
  {
    title: 'Books',
    rows: ways,
    columns: [
      { title: 'of', text: ({ of }) => of },
      { title: 'at', text: ({ at }) => at },
      number('entries', ({ way }) => way.entries),
      {
        title: 'delivered',
        isNumber: true,
        text: ({ at, way }) => (at === 'read' ? '' : readableNumber(way.delivered)),
      },
      number('filtered', ({ way }) => way.filtered),
      { ...number('dropped', dropped), isBad: (row) => dropped(row) > 0 },
      number('in flight', ({ way }) => way.in_flight),
      number('left over', ({ way }) => way.left_over),
      {
        title: 'balance',
        text: (row) => (isWrong(row) ? `off by ${readableNumber(row.way.missing)}` : 'yes'),
        isBad: isWrong,
      },
    ],
  },
  {
    title: 'Dropped',
    rows: (pipeline) => drops(ways(pipeline)),
    columns: [
      { title: 'of', text: ({ of }) => of },
      { title: 'at', text: ({ at }) => at },
      { title: 'reason', text: ({ reason }) => reason },
      number('entries', ({ drop }) => drop.entries),
      { title: 'first', text: ({ drop }) => drop.first },
      { title: 'last', text: ({ drop }) => drop.last },
    ],
  },
]

/**
 * The books of a pipeline in a sentence; undefined when none of its sources keeps any.
 *
 * @param {any} pipeline A PipelineStatus.
 * @returns {{ text: string, isBalanced: boolean } | undefined}
 */
export function balanceOf({ sources }) {
  const kept = sources.filter(({ books }) => books !== undefined)
  if (kept.length === 0) return undefined
  const isBalanced = kept.every(({ books }) => books.balanced)
  const others = sources.length - kept.length
  const text = isBalanced
    ? 'The books balance: everything that was read is accounted for.'
    : 'The books do not balance: something is not accounted for. This is a fault of LogWisp; please report it.'
  const without =
    others === 0
      ? ''
      : ` ${others === 1 ? 'One source keeps none: it' : `${others} sources keep none: they`} cannot read again.`
  return { text: text + without, isBalanced }
}
