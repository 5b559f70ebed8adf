/** The metrics as Prometheus reads them. */

import { execFileSync } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import type { SourceAccount } from '@logwisp/core'
import { expect, test } from 'vitest'
import { metricsText } from '../src/http/metrics.ts'
import { booksStatus } from '../src/pipeline/books-status.ts'
import { directory, ledger, pipelineStatus, serviceStatus } from './http-status-fixture.ts'

const hasPromtool = ((): boolean => {
  try {
    execFileSync('promtool', ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    console.warn('http-metrics: no promtool (Debian: prometheus); its check of the metrics is skipped')
    return false
  }
})()

async function metrics(accept?: string): Promise<string> {
  const files = Array.from({ length: 51 }, (_, at) => ({ path: `/${at}.log`, position: 1, size: 3, lag: 2 }))
  const accounts = Array.from({ length: 51 }, (_, at) => ({
    ...(ledger[0] as SourceAccount),
    source: `${at}`,
    entries: 10,
  }))
  const books = booksStatus(accounts, false)
  const many = pipelineStatus('many', { sources: [{ ...directory, files, books }] })
  const listener = { host: '127.0.0.1', port: 8080, protocol: 'http', connections: 3, total_requests: 9 } as const
  const listeners = [{ ...listener, url: 'http://127.0.0.1:8080/', paths: [] }]
  const service = serviceStatus([pipelineStatus('app'), many, pipelineStatus('hidden')], { listeners })
  const { text } = await metricsText({ service, pipelines: ['app', 'many'], seesAll: true, isReady: true, accept })
  return text
}

test('say what the status says, and files one by one up to a bound', async () => {
  const text = await metrics()
  const lines = text.split('\n')
  const source = 'pipeline="app",stage="source-0",kind="directory"'
  expect(lines).toEqual(
    expect.arrayContaining([
      `logwisp_entries_total{${source}} 152341`,
      'logwisp_entries_total{pipeline="app",stage="sink-0",kind="http"} 48234',
      `logwisp_dropped_total{${source},reason="queue-full"} 12`,
      'logwisp_dropped_total{pipeline="app",stage="filter-0",kind="include",reason="filtered"} 104107',
      'logwisp_queue_entries{pipeline="app",stage="sink-0",kind="http"} 34',
      'logwisp_viewer_lag_max_entries{pipeline="app",stage="sink-0",kind="http"} 7',
      `logwisp_restarts_total{${source}} 1`,
      `logwisp_files_lag_bytes{${source}} 25`,
      `logwisp_files_lag_max_bytes{${source}} 20`,
      `logwisp_file_lag_bytes{${source},path="/var/log/a \\"b\\"\\\\c\\n.log"} 20`,
      'logwisp_files{pipeline="many",stage="source-0",kind="directory"} 51',
      `logwisp_books_balanced{${source}} 1`,
      `logwisp_books_read_total{${source},source="a.log"} 1000`,
      `logwisp_books_filtered_total{${source},source="a.log"} 300`,
      `logwisp_books_dropped_total{${source},source="a.log",sink="",reason="rate-limited"} 40`,
      `logwisp_books_dropped_total{${source},source="a.log",sink="http_client",reason="branch-full"} 20`,
      `logwisp_books_delivered_total{${source},source="a.log",sink="http_client"} 600`,
      `logwisp_books_open{${source},source="a.log",sink=""} 10`,
      `logwisp_books_delivered_total{${source},source="b.log",sink="file"} 5`,
      'logwisp_books_read_total{pipeline="many",stage="source-0",kind="directory",source=""} 510',
      'logwisp_buffer_disk_bytes{pipeline="app",stage="sink-1",kind="http_client"} 4096',
      'logwisp_reloads_total 2',
      'logwisp_ready 1',
      `logwisp_build_info{version="1.2.3",node_version="${process.versions.node}"} 1`,
    ]),
  )
  expect(text).not.toContain('/0.log')
  expect(text).not.toContain('hidden')
  expect(lines).toContain('logwisp_port_requests_total{host="127.0.0.1",port="8080",protocol="http"} 9')
  expect(text).toMatch(/^process_resident_memory_bytes \d+$/m)
  expect(text).toMatch(/^process_cpu_seconds_total [\d.]+$/m)
})

test.each(['text/plain', 'application/openmetrics-text; version=1.0.0'])('are well formed as %s', async (accept) => {
  const text = await metrics(accept)
  checkExposition(text, accept.startsWith('application/openmetrics-text'))
})

test('are those that the documentation lists', async () => {
  const documented = await readFile(new URL('../../../docs/daemon/monitoring.md', import.meta.url), 'utf8')
  const named = new Set(documented.match(/(?<=^\| `)(logwisp|process|nodejs)_\w+/gm))
  expect([...named].sort()).toEqual([...new Set((await metrics()).match(/(?<=^# TYPE )\w+/gm))].sort())
})

test.skipIf(!hasPromtool)('please Prometheus’s own check', async () => {
  const text = await metrics()
  expect(execFileSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' })).toBe('')
})

/** A strict reader of both forms, after their specifications: names, types before samples, no series twice. */
function checkExposition(text: string, isOpenMetrics: boolean): void {
  const lines = text.split('\n')
  expect(lines.pop()).toBe('')
  if (isOpenMetrics) expect(lines.pop()).toBe('# EOF')
  const types = new Map<string, string>()
  const series = new Set<string>()
  let family = ''
  for (const line of lines) {
    if (!isOpenMetrics && line === '') continue
    const meta = /^# (HELP|TYPE) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.+)$/.exec(line)
    if (meta !== null) {
      const [, word, name, rest] = meta as unknown as [string, string, string, string]
      if (word === 'TYPE') {
        expect(types.has(name), line).toBe(false)
        expect(['counter', 'gauge'], line).toContain(rest)
        types.set(name, rest)
      }
      family = name
      continue
    }
    const sample =
      /^([a-zA-Z_:][a-zA-Z0-9_:]*)(\{(?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\["\\n])*",?)+\})? (-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)$/.exec(
        line,
      )
    expect(sample, line).not.toBeNull()
    const [, name, labels = ''] = sample as unknown as [string, string, string?]
    const isCounter = types.get(family) === 'counter'
    expect(name, line).toBe(isOpenMetrics && isCounter ? `${family}_total` : family)
    if (isCounter) expect(name, line).toMatch(/_total$/)
    expect(series.has(name + labels), line).toBe(false)
    series.add(name + labels)
  }
  expect(series.size).toBeGreaterThan(40)
}
