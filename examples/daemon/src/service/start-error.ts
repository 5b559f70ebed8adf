/** Why the daemon cannot start. */

/** In words for whoever started it: what is wrong and what to do. The exit code is 1. */
export class StartError extends Error {
  override readonly name = 'StartError'
}
