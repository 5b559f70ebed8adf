/** What checks of a whole configuration collect. */

import type { Notice, Problem } from '../loaded-config.ts'

/** Problems and notices, without their origins: whoever loaded the configuration knows those. */
export class Findings {
  readonly problems: Problem[] = []
  readonly notices: Notice[] = []

  /** It cannot be used like this. */
  problem(path: string, message: string): void {
    this.problems.push({ path, message, origin: undefined })
  }

  /** It works, perhaps not as expected. */
  notice(path: string, message: string): void {
    this.notices.push({ path, message, origin: undefined, severity: 'notice' })
  }

  /** It works, and is dangerous. */
  warning(path: string, message: string): void {
    this.notices.push({ path, message, origin: undefined, severity: 'warning' })
  }
}
