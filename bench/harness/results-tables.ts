/** The results as Markdown: what `RESULTS.md` has, and what is printed at the end. */

import type { Results, Row, ScenarioResult } from './results.ts'

interface Column {
  readonly head: string
  readonly cell: (row: Row, scenario: ScenarioResult) => string
}

const nothing = '–'

const name: Column = { head: 'who', cell: (row) => (row.role === 'logwisp' ? `**${row.name}**` : row.name) }
const seconds: Column = {
  head: 's (min–max)',
  cell: ({ ms, minMs, maxMs }) => {
    const [middle, least, most] = [ms, minMs, maxMs].map((one) =>
      one === undefined ? nothing : (one / 1000).toFixed(2),
    )
    return `${middle} (${least}–${most})`
  },
}
const megabytes: Column = { head: 'MB/s', cell: ({ mbPerSecond }) => whole(mbPerSecond) }
const inputLines: Column = {
  head: 'lines/s delivered',
  cell: ({ linesPerSecond }) => whole(linesPerSecond),
}
const cpu: Column = {
  head: 'CPU s',
  cell: ({ cpuMs }) => (cpuMs === undefined ? nothing : (cpuMs / 1000).toFixed(2)),
}
const memory: Column = {
  head: 'peak RSS MB',
  cell: ({ peakRssBytes }) => whole(peakRssBytes === undefined ? undefined : peakRssBytes / 1e6),
}
const delivered: Column = {
  head: 'lines delivered',
  cell: (row, { lines }) => {
    if (row.delivered === undefined) return nothing
    const { missed = 0 } = row
    // For viewers these are means over them.
    const lost = Math.round(lines - row.delivered - missed)
    const share = lost === 0 ? '' : `, ${whole(lost)} lost`
    return `${whole(row.delivered)}${missed === 0 ? '' : `, ${whole(missed)} missed and told`}${share}${row.repeated ? `, ${whole(row.repeated)} repeated` : ''}`
  },
}
const output: Column = {
  head: 'output',
  cell: ({ identical }) => (identical === undefined ? nothing : identical ? 'identical' : '**differs**'),
}
const rounds: Column = { head: 'rounds', cell: (row) => String(row.rounds) }
const latency = (head: string, of: 'p50Ms' | 'p99Ms' | 'maxMs'): Column => ({
  head,
  cell: (row) => (row.latency === undefined ? nothing : row.latency[of].toFixed(2)),
})

const columns: Readonly<Record<ScenarioResult['question'], readonly Column[]>> = {
  throughput: [name, seconds, megabytes, inputLines, cpu, memory, delivered, output, rounds],
  viewers: [name, seconds, inputLines, cpu, memory, delivered, rounds],
  latency: [
    name,
    latency('p50 ms', 'p50Ms'),
    latency('p99 ms', 'p99Ms'),
    latency('max ms', 'maxMs'),
    delivered,
    memory,
  ],
  loss: [name, delivered, cpu, memory],
}

/** The page. */
export function resultsPage(results: Results): string {
  return [
    '# Results',
    'Written by `pnpm bench`, together with [results/latest.json](results/latest.json); do not edit. What is measured, and how, ' +
      'is in the [README](README.md).',
    conditions(results),
    '![The same as a plot](results/latest.svg)',
    ...headline(results),
    ...results.scenarios.map(scenarioSection),
    ...microSection(results),
    '',
  ].join('\n\n')
}

/** What is printed at the end, when the scenarios have been printed one by one. */
export function summary(results: Results): string {
  return [...microSection(results), ...headline(results), conditions(results)].join('\n\n')
}

/** One scenario: a heading, its sentence, its table. */
export function scenarioSection(scenario: ScenarioResult): string {
  const shown = columns[scenario.question]
  const rows = scenario.rows.map((row) =>
    row.ms === undefined
      ? [shown[0]?.cell(row, scenario), oneLine(row.problem), ...shown.slice(2).map(() => '')]
      : shown.map(({ cell }) => cell(row, scenario)),
  )
  const input = scenario.bytes === undefined ? '' : ` Input: ${whole(scenario.bytes / 1e6)} MB.`
  const head = `## ${scenario.name}\n\n${scenario.title}${input} ${whole(scenario.lines)} lines should arrive.`
  return `${head}\n\n${table(
    shown.map((column) => column.head),
    rows,
  )}`
}

/** The scenarios that the project has set itself a mark for: how near to a bare loop, how far from readline. */
const marked = ['file-include-to-file', 'file-include-to-file-long']

function headline({ scenarios }: Results): string[] {
  const lines = scenarios
    .filter(({ name }) => marked.includes(name))
    .flatMap(({ bytes = 0, rows }) =>
      rows
        .filter(({ role, ms }) => role === 'logwisp' && ms !== undefined)
        .map(({ name, timesAsFastAs, peakRssBytes = 0 }) => {
          const times = (other: string): string => (timesAsFastAs?.[other] ?? Number.NaN).toFixed(2)
          const input = `${whole(bytes / 1e6)} MB`
          return [name, input, times('bare block loop'), times('readline'), `${whole(peakRssBytes / 1e6)} MB`]
        }),
    )
  if (lines.length === 0) return []
  const marks = ['the mark', '', 'at least 0.70', 'at least 3.00', 'under 150 MB']
  return [
    '## In short',
    'file → `include(/ERROR|WARN/)` → file: how many times as fast, the median over rounds of the quotient within a round.',
    table(['', 'input', 'as the bare block loop', 'as readline', 'peak RSS'], [marks, ...lines]),
  ]
}

function conditions({ date, machine, settings, loadAfter }: Results): string {
  const { cores, cpu: model, memoryBytes, node, os, programs, loadBefore } = machine
  const others = Object.values(programs).join(' · ')
  return (
    `${date.slice(0, 16).replace('T', ' ')} UTC · ${cores} cores of ${model}, ${whole(memoryBytes / 1e9)} GB · ${os} · Node ${node}` +
    `${others === '' ? '' : ` · ${others}`} · ${settings.rounds} rounds, ${settings.megabytes} MB` +
    ` · load average before ${loadBefore.toFixed(1)}, after ${loadAfter.toFixed(1)}` +
    (settings.quick ? ' · **quick: these figures say nothing about speed**' : '')
  )
}

function microSection({ micro }: Results): string[] {
  if (micro.length === 0) return []
  const rows = micro.map(({ suite, name: what, perCall, medianNs, p99Ns }) => {
    const { lines, bytes } = perCall
    return [
      suite,
      what,
      duration(medianNs),
      duration(p99Ns),
      lines === undefined ? nothing : (medianNs / lines).toFixed(1),
      bytes === undefined ? nothing : whole((bytes / medianNs) * 1e3),
    ]
  })
  const heads = ['primitive', 'what', 'median of a call', 'p99', 'ns per line', 'MB/s']
  return ['## micro', 'One primitive at a time, each file in a process of its own, by mitata.', table(heads, rows)]
}

function table(heads: readonly string[], rows: readonly (readonly (string | undefined)[])[]): string {
  const lines = [heads, heads.map((_, column) => (column === 0 ? '---' : '--:')), ...rows]
  return lines.map((cells) => `| ${cells.map((cell) => cell ?? '').join(' | ')} |`).join('\n')
}

function oneLine(text = ''): string {
  const line = text.replaceAll(/\s+/g, ' ').replaceAll('|', '\\|')
  return line.length > 160 ? `${line.slice(0, 159)}…` : line
}

function duration(ns: number): string {
  if (ns < 1000) return `${ns.toFixed(ns < 100 ? 1 : 0)} ns`
  return ns < 1e6 ? `${(ns / 1e3).toFixed(1)} µs` : `${(ns / 1e6).toFixed(2)} ms`
}

function whole(value: number | undefined): string {
  return value === undefined ? nothing : Math.round(value).toLocaleString('en-US')
}
