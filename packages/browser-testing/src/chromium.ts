/** Debian's Chromium for tests, when it is installed. */

import { existsSync } from 'node:fs'
import { type Browser, chromium } from 'playwright-core'

export type { Browser, BrowserContext, Page } from 'playwright-core'

const executablePath = '/usr/bin/chromium'

/** Whether there is one; says so loudly when there is not. */
export const hasChromium: boolean = existsSync(executablePath)
if (!hasChromium) console.warn(`SKIPPED: no ${executablePath}; apt-get install chromium to run the tests in a browser`)

/** Starts it, without anything of its own on the network. */
export function launchChromium(): Promise<Browser> {
  return chromium.launch({
    executablePath,
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })
}
