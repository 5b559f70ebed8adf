export { type BranchAccount, type DropAccount, type SourceAccount, sumAccounts, type WayAccount } from './account.ts'
export { AccountingTracker, type AccountingTrackerOptions, type FilePart } from './accounting-tracker.ts'
export { Batch, type BatchOrigins, type BlockOptions, isBatch, type LineIds, RunList } from './batch.ts'
export {
  type BudgetHolder,
  type BudgetHolderStats,
  type BudgetShare,
  type ByteBudget,
  type ByteBudgetOptions,
  type ByteBudgetStats,
  byteBudget,
} from './byte-budget.ts'
export {
  type Checkpoint,
  type CheckpointEvents,
  type CheckpointOptions,
  openCheckpoint,
  type Position,
  type PositionOrFunction,
} from './checkpoint.ts'
export {
  type DeadLetter,
  type DeadLetterEvents,
  type DeadLetterOptions,
  type DeadLetterStats,
  deadLetter,
  type Rejection,
} from './dead-letter.ts'
export {
  type DiskBuffer,
  type DiskBufferEvents,
  type DiskBufferOptions,
  type DiskBufferStats,
  diskBuffer,
} from './disk-buffer.ts'
export { type DiskBufferBacklog, diskBufferBacklog } from './disk-buffer-backlog.ts'
export {
  type Entries,
  isLogEntry,
  isLogLevel,
  type LogEntry,
  type LogLevel,
  levelRank,
  logLevels,
} from './entry.ts'
export { EntryReadable, type EntrySource } from './entry-readable.ts'
export { entryOverheadBytes, entrySize } from './entry-size.ts'
export { type EntryFilter, EntryTransform, type EntryTransformFunctions, entryTransform } from './entry-transform.ts'
export { type EntrySink, EntryWritable, type EntryWritableOptions } from './entry-writable.ts'
export { errorCodes, LogwispError, type LogwispErrorCode, OptionError } from './errors.ts'
export {
  type Branch,
  type BranchOptions,
  type BranchStage,
  type FanOut,
  type FanOutOptions,
  type FanOutStats,
  fanOut,
} from './fan-out.ts'
export { findLevel } from './find-level.ts'
export { findTime, type TimeOptions } from './find-time.ts'
export { type Format, formatter } from './format.ts'
export { fullJitterMs } from './full-jitter.ts'
export type { WhenFull } from './internal/bounded-queue.ts'
export { type FileLock, lockFile } from './lock-file.ts'
export { type MemoryBuffer, type MemoryBufferOptions, memoryBuffer } from './memory-buffer.ts'
export { type MergedSource, type MergedStages, type MergeOptions, merge } from './merge.ts'
export {
  type BranchReport,
  type CloseOptions,
  type MiddleStage,
  type OpenPipeline,
  type OpenPipelineOptions,
  openPipeline,
  type PipelineReport,
  type PipelineStages,
  type StageReport,
} from './open-pipeline.ts'
export { checkArgument, checkOptions, type OptionRule, option } from './options.ts'
export { acknowledge, noteDropped, type Origin, type OriginBooks, type OriginTracker } from './origin.ts'
export { type OwnedEntry, ownedEntry } from './owned-entry.ts'
export { maxJsonDepth, parseExact } from './parse-exact.ts'
export { type KeptLetter, readDeadLetters } from './read-dead-letters.ts'
export {
  type MakeSink,
  type ReplaceableSink,
  type ReplaceableSinkOptions,
  type ReplaceableSinkState,
  type ReplaceableSinkStats,
  type ReplaceOptions,
  replaceableSink,
} from './replaceable-sink.ts'
export { type Replay, type ReplayEvents, type ReplayOptions, type ReplayStats, replay } from './replay.ts'
export { retryAfterMs } from './retry-after.ts'
export { type ByteScan, scanBytes } from './scan-bytes.ts'
export {
  type SpillBuffer,
  type SpillBufferOptions,
  type SpillBufferStats,
  spillBuffer,
} from './spill-buffer.ts'
export type { StageStats } from './stats.ts'
export { stringifyExact } from './stringify-exact.ts'
export { defaultTextTemplate, type TextFormatOptions, textFormat } from './text-format.ts'
export {
  maxPatternLength,
  maxPatternSize,
  type TextPattern,
  type TextPatternOptions,
  textPattern,
} from './text-pattern.ts'
export { type TokenBucket, type TokenBucketOptions, tokenBucket } from './token-bucket.ts'
export { Tracker } from './tracker.ts'
export {
  decodeEntry,
  type EntryDefaults,
  encodeEntry,
  encodeEntryWithId,
  entryFrom,
  wireIdFrom,
} from './wire.ts'
export { type WithDefaults, withDefaults } from './with-defaults.ts'
