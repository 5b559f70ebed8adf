/** What axe objects to in a page. */

import axe from 'axe-core'
import type { Page } from 'playwright-core'

/** Each with where, and what to mend. Run from outside: the policy of our pages lets no script of others in. */
export async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe.source)
  return page.evaluate(`axe.run().then(({ violations }) =>
    violations.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => id + ': ' + target + ' ' + failureSummary)))`)
}
