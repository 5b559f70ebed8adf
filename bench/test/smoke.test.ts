/** Every scenario and every micro bench runs, small and once, so that nothing rots. No time is asserted. */

import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, describe, expect, it } from 'vitest'
import type { Results } from '../harness/results.ts'
import type { StoreResults } from '../store/store-result.ts'

const run = promisify(execFile)
const bench = fileURLToPath(new URL('..', import.meta.url))
const out = mkdtempSync(join(tmpdir(), 'logwisp-bench-smoke-'))
afterAll(() => rmSync(out, { recursive: true, force: true }))

/** Some forty processes, one after the other, two seconds each when the machine is busy. */
const timeoutMs = 240_000

/** Measured are the built packages. */
const built = ['api', 'core', 'filters', 'sinks', 'sources', 'store'].map((name) =>
  join(bench, '..', 'packages', name, 'dist', 'index.js'),
)

describe('pnpm bench --quick', () => {
  it('runs everything; nothing of ours fails, loses or differs', { timeout: timeoutMs }, async () => {
    for (const path of built) expect(existsSync(path), `${path} is missing: run pnpm build first`).toBe(true)
    // It fails by itself when a contestant of ours has any trouble, and says which.
    const { stderr } = await run(
      'npm',
      ['run', '--silent', 'bench', '--', '--quick', '--megabytes', '2', '--out', out],
      {
        cwd: bench,
        maxBuffer: 16 << 20,
      },
    )
    expect(stderr).toContain('tail-through-rename, round 1 of 1: LogWisp')

    const results = JSON.parse(readFileSync(join(out, 'results', 'latest.json'), 'utf8')) as Results
    expect(results.scenarios.map(({ name }) => name)).toEqual([
      'file-include-to-file',
      'file-include-to-file-long',
      'file-include-to-file-utf8',
      'file-to-file',
      'file-stages-to-file',
      'directory-to-file',
      'file-to-sse',
      'file-to-sse-thousand',
      'http-to-nothing',
      'tcp-to-file',
      'file-to-http',
      'file-to-tcp',
      'tail-latency',
      'tail-through-rename',
      'tail-through-copytruncate',
    ])
    for (const { rows } of results.scenarios) {
      // A peer may lose lines, and a program may not be installed; but what is there must run.
      const broken = rows.filter(({ problem }) => problem !== undefined && !problem.endsWith('is not installed'))
      expect(broken).toEqual([])
    }
    expect(new Set(results.micro.map(({ suite }) => suite)).size).toBe(6)
    expect(results.micro.every(({ medianNs }) => medianNs > 0)).toBe(true)
    expect(readFileSync(join(out, 'results', 'latest.svg'), 'utf8')).toContain('</svg>')
    expect(readFileSync(join(out, 'RESULTS.md'), 'utf8')).toContain('## file-include-to-file')
  })
})

describe('the trials of the daemon', () => {
  it('a few reloads under load: nothing is lost or doubled, no viewer is cut', { timeout: timeoutMs }, async () => {
    // It fails by itself when a line is lost or comes twice.
    const { stdout } = await run('node', ['dist/trials.js', '--only', 'reload', '--seconds', '30'], { cwd: bench })
    expect(stdout).toMatch(/^5 reloads, 1 of them of a broken file \(1 refused\)\.$/m)
    expect(stdout).toMatch(/^\| steady \| [\d,]+ \| 0 \| 0 \| 0 \| 0 \|$/m)
    expect(stdout).toMatch(/^\| changing \| [\d,]+ \| 0 \| 0 \| 0 \| 0 \|$/m)
  })
})

describe('the bench of the store', () => {
  it('runs small: everything is stored and asked for, beside everything', { timeout: timeoutMs }, async () => {
    const asked = ['--entries', '2000', '--seconds', '1', '--out', out]
    // It fails by itself when an entry is missing.
    await run('node', ['dist/store.js', ...asked], { cwd: bench })
    const results = JSON.parse(readFileSync(join(out, 'results', 'store.json'), 'utf8')) as StoreResults
    expect(results.ingest?.map(({ problem }) => problem)).toEqual(new Array(9).fill(undefined))
    expect(results.beside?.rows.map(({ name, times }) => [name, times.calls])).toEqual(
      ['nothing', 'retention', 'a backup', 'a heavy query', 'all three'].map((name) => [name, 100]),
    )
    const found = new Map(results.answers?.rows.map((row) => [row.name, row.found]))
    expect([found.get('last lines'), found.get('a rare word'), found.get('a word that is nowhere')]).toEqual([
      100, 10, 0,
    ])
    expect(readFileSync(join(out, 'STORE.md'), 'utf8')).toContain('## Appends while something else goes on')
  })
})
