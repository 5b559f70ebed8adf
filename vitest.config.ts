import { defineConfig } from 'vitest/config'

export default defineConfig({
  resolve: { conditions: ['@logwisp/source'] },
  ssr: { resolve: { conditions: ['@logwisp/source'] } },
  test: {
    include: ['packages/*/test/**/*.test.ts', 'examples/*/test/**/*.test.ts', 'bench/test/**/*.test.ts'],
  },
})
