/**
 * The contract of every stage, and what a test of a stage or a pipeline needs: sources and sinks that do what they are
 * told, a clock to turn, lines with origins, and a record of what was acknowledged. Free of any test runner: checks
 * throw `AssertionError`s.
 */

export { checkOptionErrors } from './testing/check-option-errors.ts'
export { type CollectingSink, type CollectingSinkOptions, collectingSink } from './testing/collecting-sink.ts'
export type { ContractCheck, ContractOptions } from './testing/contract-check.ts'
export { type EachFaultOptions, type EachFaultReport, eachFault, type Fault } from './testing/each-fault.ts'
export { type FakeClock, type FakeClockOptions, fakeClock, type UntilOptions } from './testing/fake-clock.ts'
export { type FilterContractOptions, filterContract } from './testing/filter-contract.ts'
export { givingSource } from './testing/giving-source.ts'
export { leavesNothing } from './testing/leak-watch.ts'
export { memoryInUse } from './testing/memory-in-use.ts'
export { RecordingTracker, sampleTime } from './testing/recording-tracker.ts'
export { type Arrangement, arrangementsOf, sampleLines } from './testing/sample-lines.ts'
export type { ScriptNote } from './testing/script-note.ts'
export { type SinkContractOptions, sinkContract } from './testing/sink-contract.ts'
export { type SinkNote, type SinkScript, type SinkStep, sinkScript } from './testing/sink-script.ts'
export { type SourceContractOptions, sourceContract } from './testing/source-contract.ts'
export {
  type SourceNote,
  type SourceScript,
  type SourceScriptOptions,
  type SourceStep,
  sourceScript,
} from './testing/source-script.ts'
