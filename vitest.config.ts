import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

/** Tests run the packages' sources; the built ones are the matter of packages/test/published.test.ts. */
const conditions = ['@logwisp/source', 'node']

/** Lets threads of the packages run from their sources too. */
const threads = fileURLToPath(new URL('.config/typescript-threads.mjs', import.meta.url))

/** Where `.ci/run` wants the results as JSON, beside what is printed. */
const report = process.env['TEST_REPORT']

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: [
      'packages/*/test/**/*.test.ts',
      'packages/test/**/*.test.ts',
      'examples/*/test/**/*.test.ts',
      'bench/test/**/*.test.ts',
      'docs/test/**/*.test.ts',
    ],
    // Far above what any test takes on two busy cores: a test that gets here hangs.
    testTimeout: 30_000,
    hookTimeout: 60_000,
    retry: 0,
    execArgv: ['--import', threads, '--conditions=@logwisp/source'],
    reporters: report === undefined ? ['default'] : ['default', ['json', { outputFile: report }]],
  },
})
