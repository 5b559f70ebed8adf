/**
 * Selects the lines of a batch that match: by one search over each stretch of bytes or text where that is exact, else one by
 * one.
 */

import { type Batch, RunList } from '@logwisp/core'
import type { BlockSearch } from './block-search.ts'
import { type LineFinder, maxSearchBytes } from './line-finder.ts'

const lineFeed = '\n'
const carriageReturn = 13

/** What to ask of a single line, and perhaps how to ask it of many at once. */
export interface LineQuestion {
  /** Whether this line, without its line ending, matches. */
  readonly test: (line: string) => boolean
  /** How to search for it, if it can be. */
  readonly search?: BlockSearch | undefined
}

/** Keeps exactly the lines whose message passes the test. */
export function selectLines(batch: Batch, { test, search }: LineQuestion): Batch {
  if (search?.finder !== undefined && batch.bytes.length <= maxSearchBytes) return foundInBytes(batch, search.finder)
  const { ascii } = batch
  if (search !== undefined && !(ascii && search.anchored)) {
    const isExact = (ascii || search.searchesBytes) && (search.searchesReturns || !batch.hasCarriageReturns)
    if (isExact) return found(batch, search.search)
    // Where some plain text is in every match, only the lines that have it need a closer look.
    if (search.hint !== undefined) return found(batch, search.hint, test)
  }
  return ascii ? tried(batch, test) : batch.select((start, end) => test(batch.message(start, end)))
}

/** The lines that hold a text; what a character is does not matter, nor how lines end. */
function foundInBytes(batch: Batch, finder: LineFinder): Batch {
  const { bytes } = batch
  const runs = new RunList()
  batch.forEachRun((first, last) => finder.addLines(runs, bytes, first, last))
  return batch.withRuns(runs)
}

/** The lines that a search finds and that `verify`, if given, confirms. */
function found(batch: Batch, search: RegExp, verify?: (line: string) => boolean): Batch {
  const { ascii, bytes } = batch
  const runs = new RunList()
  // Run by run: what was dropped before is not searched, and in a view of one run a line's neighbours are as in the block.
  batch.forEachRun((first, last) => {
    // In latin1 a place in the text is the same place in the bytes.
    const view = ascii ? batch.text.slice(first, last) : bytes.toString('latin1', first, last)
    for (let from = 0; from < view.length; ) {
      search.lastIndex = from
      if (!search.test(view)) return
      const at = search.lastIndex
      const start = at === from ? from : Math.max(from, view.lastIndexOf(lineFeed, at - 1) + 1)
      // Behind the last line ending there is no line, though an empty match finds one.
      if (start === view.length) return
      const feed = view.indexOf(lineFeed, at)
      from = feed === -1 ? view.length : feed + 1
      if (verify === undefined || verify(batch.message(first + start, first + contentEnd(view, feed)))) {
        runs.add(first + start, first + from)
      }
    }
  })
  return batch.withRuns(runs)
}

/** The lines of an ASCII block that pass the test, each tried. */
function tried(batch: Batch, test: (line: string) => boolean): Batch {
  const { text } = batch
  const runs = new RunList()
  batch.forEachRun((first, last) => {
    for (let start = first; start < last; ) {
      const feed = text.indexOf(lineFeed, start)
      const next = feed === -1 ? text.length : feed + 1
      if (test(text.slice(start, contentEnd(text, feed)))) runs.add(start, next)
      start = next
    }
  })
  return batch.withRuns(runs)
}

/** Where the content of the line with this line feed ends: before its line ending; without one, where the text does. */
function contentEnd(text: string, feed: number): number {
  if (feed === -1) return text.length
  return text.charCodeAt(feed - 1) === carriageReturn ? feed - 1 : feed
}
