/** The command line is wrong. */

/** Ends a command with exit code 2; its words say what is wrong, and what to do. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}
