/** What `compare --patch` leaves out is still there to be left out. */

import { execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const repository = fileURLToPath(new URL('../..', import.meta.url))
const patches = fileURLToPath(new URL('../patches', import.meta.url))

it.each(readdirSync(patches))('%s fits the sources', (name) => {
  expect(() => execFileSync('git', ['apply', '--check', join(patches, name)], { cwd: repository })).not.toThrow()
})
