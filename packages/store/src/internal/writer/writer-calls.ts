/** What the writer's thread is asked, and what it tells. */

import type { StoreFacts } from '../store-facts.ts'
import type { PackedError } from '../thread/packed-error.ts'
import type { EntryColumns } from './entry-columns.ts'
import type { Written } from './entry-writer.ts'
import type { RemovalReason, RetentionLimits } from './retention-steps.ts'

export interface WriterSettings {
  readonly path: string
  readonly retention: RetentionLimits
  readonly fullText: boolean
  readonly safeAfter: 'commit' | 'fsync'
}

/** What only the writer knows. */
export interface WriterFacts {
  readonly facts: StoreFacts
  readonly removed: Readonly<Record<RemovalReason, number>>
}

export interface WriterCalls {
  /** Opens the database; once, before anything else. */
  open(settings: WriterSettings): void
  /** Stores entries, all or none, and answers once they are safe. */
  append(columns: EntryColumns): Promise<Written>
  /** Answers once the index has all that was stored before. */
  indexed(argument: undefined): Promise<void>
  /** Answers once the database's file has all that was stored, and will not change until `thaw`. */
  freeze(argument: undefined): Promise<void>
  thaw(argument: undefined): void
  /** What was asked for by the notice `log-grown` was done; false when nothing could be. */
  checkpointed(isFurther: boolean): void
  facts(argument: undefined): WriterFacts
  /** Commits what waits, as long as that takes, but no longer than so many ms while the disk is full or the database locked. */
  close(graceMs: number): Promise<void>
}

export type WriterNotice =
  | { readonly kind: 'committed'; readonly seq: number }
  /** The write-ahead log wants to be worked off. */
  | { readonly kind: 'log-grown' }
  | { readonly kind: 'warning'; readonly error: PackedError }
  | { readonly kind: 'failed'; readonly error: PackedError }
