/** Where entries have to come to, as the judge sees it. */

import type { Arrivals } from './arrivals.ts'
import type { Stream } from './debts.ts'

export interface JudgedSink {
  readonly name: string
  /** Whether what is owed has to come here; a live viewer may miss what came while it was away. */
  readonly owes: boolean
  /** Whether whoever stores there knows ids, and promises that nothing is there twice. */
  readonly dropsRepeats: boolean
  /** How much is owed and not there yet; while things go on, about. */
  missing(): Promise<number>
  /** How many entries were there when that was asked last, repeats included. */
  readonly entries: number
  has(stream: Stream, id: number): Promise<boolean>
  /** All that is there, once nothing comes any more: the verdict is made of this. */
  read(): Promise<Arrivals>
  close(): Promise<void>
}
