/** Keeps what was sent beside what arrived, connection by connection, and says where the two differ. */

import type { Mark } from './marks.ts'
import type { Fate } from './session.ts'

/**
 * Connections whose books are kept after they were found right: an entry that comes once more is seen as a repetition,
 * one of an older connection as an entry that nobody sent.
 */
const keptSessions = 20_000

/** Texts of which a beginning may still arrive: those of more connections than are open at once. */
const keptTorn = 10_000

interface Page {
  isOpen: boolean
  readonly fates: Map<number, Fate>
  readonly arrived: Set<number>
}

/** The books of all connections. */
export class Ledger {
  readonly #pages = new Map<number, Page>()
  readonly #strays = new Map<string, number>()
  readonly #onFault: (session: number | undefined, fault: string) => void
  readonly #due = new Map<string, number>()
  #torn: readonly string[] = []
  #arrived = 0

  constructor(onFault: (session: number | undefined, fault: string) => void) {
    this.#onFault = onFault
  }

  /** Entries that have arrived. */
  get arrived(): number {
    return this.#arrived
  }

  /** Before anything is sent: what may arrive of a connection. */
  open(
    session: number,
    fates: Iterable<readonly [entry: number, fate: Fate]>,
    strays: readonly string[],
    torn: readonly string[] = [],
  ): void {
    if (torn.length > 0) this.#torn = [...this.#torn, ...torn].slice(-keptTorn)
    this.#pages.set(session, { isOpen: true, fates: new Map(fates), arrived: new Set() })
    for (const stray of strays) this.#strays.set(stray, (this.#strays.get(stray) ?? 0) + 1)
    if (this.#pages.size <= keptSessions) return
    for (const [oldest, page] of this.#pages) {
      // Those that are at work yet are never the oldest for long; what is lacking is not forgotten.
      if (page.isOpen) continue
      this.#pages.delete(oldest)
      return
    }
  }

  /** An answer has made it certain what becomes of an entry. */
  decide(session: number, entry: number, fate: Fate): void {
    const page = this.#pages.get(session)
    page?.fates.set(entry, fate)
    if (fate === 'never' && page?.arrived.has(entry)) this.#onFault(session, `entry ${entry} arrived, and was refused`)
  }

  /** A marked entry has arrived, whole. */
  note({ session, entry }: Mark): void {
    this.#arrived++
    const page = this.#pages.get(session)
    const fate = page?.fates.get(entry)
    if (page === undefined || fate === undefined || fate === 'never') {
      this.#onFault(session, `entry ${entry} arrived, which was not to`)
      return
    }
    if (page.arrived.has(entry)) this.#onFault(session, `entry ${entry} arrived twice`)
    page.arrived.add(entry)
  }

  /** Junk that has to arrive, since nobody may drop it. */
  expectStrays(strays: readonly string[]): void {
    for (const stray of strays) this.#due.set(stray, (this.#due.get(stray) ?? 0) + 1)
  }

  /** Junk that had to arrive and has not. The same text may have come for another connection, which may lack it. */
  get lackingStrays(): string[] {
    return [...this.#due.keys()]
  }

  /** An entry has arrived whose text is not a marked one's. */
  noteStray(text: string): void {
    this.#arrived++
    const due = this.#due.get(text) ?? 0
    if (due > 1) this.#due.set(text, due - 1)
    else this.#due.delete(text)
    const left = this.#strays.get(text) ?? 0
    if (left > 1) this.#strays.set(text, left - 1)
    else if (left === 1) this.#strays.delete(text)
    else if (!this.#isTorn(text)) {
      this.#onFault(undefined, `an entry that was not sent: ${JSON.stringify(text.slice(0, 200))}`)
    }
  }

  /** Whether a text is the beginning of one whose connection was cut, maybe within a character. */
  #isTorn(text: string): boolean {
    const beginning = text.replace(/\ufffd+$/, '')
    return beginning !== '' && this.#torn.some((whole) => whole.startsWith(beginning))
  }

  /** What has to arrive and has not. */
  lacking(session: number): number[] {
    const page = this.#pages.get(session)
    if (page === undefined) return []
    return [...page.fates].flatMap(([entry, fate]) => (fate === 'must' && !page.arrived.has(entry) ? [entry] : []))
  }

  /** The connection is over. */
  close(session: number): void {
    const page = this.#pages.get(session)
    if (page !== undefined) page.isOpen = false
  }
}
