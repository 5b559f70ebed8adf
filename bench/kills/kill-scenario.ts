/** Something that a process does to a directory and that survives its death at any moment. */

/** What a killed process had said. */
export interface Told {
  /** The greatest number that it had acknowledged; 0: none. */
  readonly acknowledged: number
  /** The numbers that it had given to whatever comes behind it, in that order. */
  readonly delivered: readonly number[]
}

/** What a judge finds once another process has gone on from there and come to the end. */
export interface Verdict {
  /** How many lines were acknowledged, or were to come in the second run, and are not there. */
  readonly lost: number
  /** How many lines are not whole. */
  readonly torn: number
  /** How many lines are there more than once. */
  readonly repeats: number
  /** Whatever else is not as it has to be. */
  readonly problem?: string | undefined
}

/** What the process to be killed tells, at once. */
interface Say {
  acknowledged(number: number): void
  delivered(number: number): void
}

export interface KillScenario {
  readonly name: string
  /** What the directory holds before. */
  prepare?(directory: string): Promise<void>
  /** In the process to be killed: all lines, from this number on, and to the end. */
  run(directory: string, from: number, say: Say): Promise<void>
  /** In another process: goes on behind what was acknowledged, to the end, and looks at everything that is there. */
  judge(directory: string, told: Told): Promise<Verdict>
}
