/** How the program `logwisp` ends. */

/** Its exit codes; a signal that ends it at once gives 128 and its number. */
export const exitCodes = {
  /** It did what it was asked to; stopped in order, with everything delivered. */
  ok: 0,
  /** It could not start, or failed. */
  failed: 1,
  /** The command line or the configuration is wrong, or its file is not there. */
  usage: 2,
  /** It was stopped, and something was not delivered in time: it has said what. */
  undelivered: 3,
} as const
