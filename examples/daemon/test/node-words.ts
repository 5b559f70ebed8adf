/** How Node runs the program, for every test that starts it as a process. */

import { fileURLToPath } from 'node:url'

const file = (path: string): string => fileURLToPath(new URL(path, import.meta.url))

/**
 * The words after `node`, before the program's own. `pnpm test` has built it and says so by `TEST_BUILT=1`: that starts
 * several times as fast as the source, which a single test file runs while it is being worked on.
 */
export const nodeWords: readonly string[] =
  process.env['TEST_BUILT'] === '1'
    ? [file('../dist/cli.js')]
    : ['--import', import.meta.resolve('tsx'), '--conditions=@logwisp/source', file('../src/cli.ts')]
