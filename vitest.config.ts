import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { configDefaults, defineConfig } from 'vitest/config'

/** Tests run the packages' sources; the built ones are the matter of packages/test/published.test.ts. */
const conditions = ['@logwisp/source', 'node']

/** Lets threads of the packages run from their sources too. */
const threads = fileURLToPath(new URL('.config/typescript-threads.mjs', import.meta.url))

/** Where `.ci/run` wants the results as JSON, beside what is printed. */
const report = process.env['TEST_REPORT']

/** Tests of speed, memory or many connections: each of them wants the machine for itself. */
const alone = [
  'bench/test/oracle.test.ts',
  'examples/chain/test/killed.test.ts',
  'examples/daemon/test/page-many-lines.test.ts',
  'examples/daemon/test/promises.test.ts',
  'packages/core/test/disk-buffer-memory.test.ts',
  'packages/core/test/memory-buffer.test.ts',
  'packages/core/test/server/access-memory.test.ts',
  'packages/core/test/text-pattern.test.ts',
  'packages/dashboard/test/page/million-lines.test.ts',
  'packages/filters/test/text-pattern.test.ts',
  'packages/sinks/test/sse-memory.test.ts',
  'packages/sinks/test/thousand-viewers.test.ts',
  'packages/sources/test/logrotate.test.ts',
]

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    // Far above what any test takes on two busy cores: a test that gets here hangs.
    testTimeout: 30_000,
    hookTimeout: 60_000,
    retry: 0,
    execArgv: ['--import', threads, '--conditions=@logwisp/source'],
    reporters: report === undefined ? ['default'] : ['default', ['json', { outputFile: report }]],
    projects: [
      {
        extends: true,
        test: {
          name: 'side by side',
          include: [
            'packages/*/test/**/*.test.ts',
            'packages/test/**/*.test.ts',
            'examples/*/test/**/*.test.ts',
            'bench/test/**/*.test.ts',
            'docs/test/**/*.test.ts',
          ],
          exclude: [...configDefaults.exclude, ...alone],
          // Most of their time they wait: for processes, sockets, timers. By default two cores get one worker.
          maxWorkers: Math.max(2, availableParallelism()),
          sequence: { groupOrder: 0 },
        },
      },
      { extends: true, test: { name: 'alone', include: alone, maxWorkers: 1, sequence: { groupOrder: 1 } } },
    ],
  },
})
