/** What the bench says: its options, its progress, its tables, its plot. */

import { describe, expect, it } from 'vitest'
import { readOptions } from '../harness/bench-options.ts'
import { Progress } from '../harness/progress.ts'
import type { Results, Row } from '../harness/results.ts'
import { resultsPlot } from '../harness/results-plot.ts'
import { resultsPage } from '../harness/results-tables.ts'

describe('the options', () => {
  it('keep results only of everything at full size, unless told where', () => {
    expect(readOptions([], '/package')).toMatchObject({ rounds: 5, megabytes: 224, out: '/package' })
    expect(readOptions(['--rounds', '3'], '/package').out).toBe('/package')
    for (const partly of [['--quick'], ['--only', 'sse'], ['--megabytes', '100']]) {
      expect(readOptions(partly, '/package').out).toBeUndefined()
      expect(readOptions([...partly, '--out', '/elsewhere'], '/package').out).toBe('/elsewhere')
    }
    expect(readOptions(['--quick'], '/package')).toMatchObject({ rounds: 1, megabytes: 8, quick: true })
  })

  it('are refused when they are unknown, or no sensible number', () => {
    expect(() => readOptions(['--qick'], '/package')).toThrow(/--qick/)
    expect(() => readOptions(['--rounds', '0'], '/package')).toThrow(
      '--rounds must be a whole number of at least 1, got 0',
    )
    expect(() => readOptions(['--megabytes', '1.5'], '/package')).toThrow('--megabytes')
  })

  it('may come behind the two dashes that package managers pass on', () => {
    expect(readOptions(['--', '--quick'], '/package').quick).toBe(true)
  })
})

describe('the progress', () => {
  it('is one line that is rewritten on a terminal, and never wider than that', () => {
    let written = ''
    const progress = new Progress({ isTTY: true, columns: 20, write: (text) => (written += text) })
    progress.step('a first step that is long')
    progress.step('second')
    progress.clear()
    expect(written).toBe('\r\x1b[Ka first step that i\r\x1b[Ksecond\r\x1b[K')
  })

  it('is a line for each step elsewhere, and nothing else', () => {
    let written = ''
    const progress = new Progress({ write: (text) => (written += text) })
    for (const step of ['one', 'one', 'two']) progress.step(step)
    progress.clear()
    expect(written).toBe('one\ntwo\n')
  })
})

const row: Row = {
  name: 'LogWisp',
  role: 'logwisp',
  rounds: 5,
  ms: 500,
  minMs: 450,
  maxMs: 700,
  mbPerSecond: 448,
  linesPerSecond: 800_000,
  cpuMs: 800,
  peakRssBytes: 110_000_000,
  delivered: 400_000,
  identical: true,
  timesAsFastAs: { 'bare block loop': 0.71, readline: 3.1 },
}

const results: Results = {
  date: '2026-11-21T10:00:00.000Z',
  machine: {
    cores: 2,
    cpu: 'A <fast> & "good" CPU',
    memoryBytes: 8e9,
    node: 'v20.0.0',
    os: 'Linux 6',
    programs: {},
    loadBefore: 0.5,
  },
  settings: { rounds: 5, megabytes: 224, quick: false },
  loadAfter: 1,
  scenarios: [
    {
      name: 'file-include-to-file',
      title: 'Lines that match.',
      question: 'throughput',
      bytes: 224_000_000,
      lines: 400_000,
      rows: [
        row,
        { ...row, name: 'loser', role: 'peer', delivered: 399_990, identical: false },
        { name: 'absent', role: 'peer', rounds: 0, problem: 'absent is | not\ninstalled' },
      ],
    },
    {
      name: 'tail-latency',
      title: 'How long.',
      question: 'latency',
      lines: 10,
      rows: [{ ...row, latency: { p50Ms: 0.4, p99Ms: 1.5, maxMs: 2 }, delivered: 10 }],
    },
    {
      name: 'tail-through-rename',
      title: 'What arrives.',
      question: 'loss',
      lines: 100_000,
      rows: [{ ...row, delivered: 99_999, repeated: 2 }],
    },
  ],
  micro: [{ suite: 'batch', name: 'its text', perCall: { lines: 600, bytes: 65_000 }, medianNs: 6500, p99Ns: 2e6 }],
}

describe('the page', () => {
  const page = resultsPage(results)

  it('says under what conditions, and names the marks', () => {
    expect(page).toContain('2 cores')
    expect(page).toContain('load average before 0.5, after 1.0')
    expect(page).toContain('| LogWisp | 224 MB | 0.71 | 3.10 | 110 MB |')
  })

  it('says what was lost, repeated and different', () => {
    expect(page).toContain('399,990, 10 lost | **differs**')
    expect(page).toContain('99,999, 1 lost, 2 repeated')
  })

  it('names who could not run, within a table that stays one', () => {
    expect(page).toContain('| absent | absent is \\| not installed |')
    const tables = page.split('\n\n').filter((part) => part.startsWith('|'))
    for (const table of tables) {
      const widths = table.split('\n').map((line) => line.replaceAll('\\|', '').split('|').length)
      expect(new Set(widths).size).toBe(1)
    }
  })

  it('says of a quick run that it says nothing', () => {
    const quick = { ...results, settings: { ...results.settings, quick: true } }
    expect(resultsPage(quick)).toContain('these figures say nothing about speed')
  })
})

describe('the plot', () => {
  const plot = resultsPlot(results)

  it('is well-formed, with a panel, an axis and its unit for each scenario', () => {
    const opened = [...plot.matchAll(/<(svg|text|rect|line)\b[^>]*?(\/?)>/g)]
    const closed = [...plot.matchAll(/<\/(svg|text)>/g)]
    expect(opened.filter(([, , selfClosing]) => selfClosing === '').length).toBe(closed.length)
    for (const axis of ['MB/s', 'p99 in ms', '% of the lines']) expect(plot).toContain(axis)
    expect(plot).toContain('A &lt;fast&gt; &amp;')
    expect(plot).not.toMatch(/NaN|undefined|Infinity/)
  })

  it('never says a hundred percent of less', () => {
    expect(plot).toContain('>99.99<')
  })

  it('says in place of a bar why there is none', () => {
    expect(plot).toContain('absent is | not')
  })
})
