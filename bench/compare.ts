/**
 * Compares two commits: builds both, runs one pipeline of each in turn, and prints how much of the time of the first
 * the second needs. `pnpm --filter @logwisp/bench compare HEAD~3 HEAD --pipeline file-include-to-file --rounds 11`
 *
 * With `--patch` the first is built with a change: what does something cost that is in both? `patches/` has what to leave out.
 * `pnpm --filter @logwisp/bench compare HEAD HEAD --patch patches/without-acknowledgement.patch`
 */

import { execFileSync } from 'node:child_process'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import type { Contest, RunResult } from './harness/contest.ts'
import { copying } from './harness/copying.ts'
import { wanted } from './harness/log-text.ts'
import { Progress } from './harness/progress.ts'
import { runRounds } from './harness/rounds.ts'
import { median } from './harness/statistics.ts'
import { Workshop } from './harness/workshop.ts'

/** Pipelines that copy the wanted lines, or all of them; their output can be looked at. */
const pipelines: Readonly<Record<string, 'wanted' | 'all' | 'other'>> = {
  'file-include-to-file': 'wanted',
  'file-include-generator-to-file': 'wanted',
  'file-include-to-json-file': 'other',
  'file-to-file': 'all',
}

const repository = fileURLToPath(new URL('../..', import.meta.url))
const progress = new Progress(process.stderr)

const { values, positionals } = parseArgs({
  args: process.argv.slice(2).filter((arg) => arg !== '--'),
  allowPositionals: true,
  options: {
    pipeline: { type: 'string', default: 'file-include-to-file' },
    rounds: { type: 'string', default: '9' },
    megabytes: { type: 'string', default: '224' },
    patch: { type: 'string' },
  },
})
const [before, after] = positionals
const output = pipelines[values.pipeline]

if (before === undefined || after === undefined || output === undefined) {
  process.stderr.write(
    `compare <before> <after> [--pipeline ${Object.keys(pipelines).join('|')}] [--rounds 9] [--megabytes 224] [--patch FILE]\n`,
  )
  process.exit(1)
}

const workshop = await Workshop.open('/tmp', { megabytes: Number(values.megabytes), quick: false })
const trees: string[] = []
try {
  const { patch } = values
  const commits = [
    { name: patch === undefined ? before : `${before}, ${patch}`, tree: build(before, patch) },
    { name: after, tree: build(after) },
  ]
  const log = workshop.log()
  const expected = { wanted: () => workshop.expected(log), all: () => log, other: () => undefined }[output]()
  const contest: Contest = {
    lines: (expected ?? workshop.expected(log)).lines,
    contestants: commits.map(({ name, tree }, at) =>
      copying({
        name: `${at === 0 ? 'before' : 'after'} (${name})`,
        role: 'logwisp',
        script: join(tree, 'bench/dist/pipelines', values.pipeline),
        input: log.path,
        expected,
        task: { pattern: wanted.source },
      }),
    ),
  }
  const standings = await runRounds(contest, {
    rounds: Number(values.rounds),
    maxMsEach: Infinity,
    directory: workshop.directory,
    progress: (what) => progress.step(what),
  })
  progress.clear()
  for (const { contestant, runs, failure } of standings) {
    const wrong = runs.filter(({ identical }) => identical === false).length
    process.stdout.write(
      `${contestant.name}: ${figure(runs, 'ms')} ms, ${figure(runs, 'cpuMs')} ms of processor time, ` +
        `${Math.round(median(runs.map(({ peakRssBytes }) => peakRssBytes)) / 1e6)} MB` +
        `${wrong > 0 ? `, output WRONG in ${wrong} runs` : ''}${failure === undefined ? '' : `, failed: ${failure}`}\n`,
    )
  }
  process.stdout.write(`after/before, within a round: ${quotient(standings, 'ms')} of the time, `)
  process.stdout.write(`${quotient(standings, 'cpuMs')} of the processor time\n`)
} finally {
  for (const tree of trees) execFileSync('git', ['-C', repository, 'worktree', 'remove', '--force', tree])
  await workshop.close()
}

/** Checks a commit out beside this one, changes it if asked to, and builds it. */
function build(commit: string, patch?: string): string {
  const tree = join(workshop.directory, `tree-${trees.length}`)
  progress.step(`building ${commit}`)
  execFileSync('git', ['-C', repository, 'worktree', 'add', '--quiet', '--detach', tree, commit])
  trees.push(tree)
  if (patch !== undefined) execFileSync('git', ['-C', tree, 'apply', resolve(patch)])
  const pnpm = (...args: string[]): void => {
    execFileSync('npx', ['-y', 'pnpm', ...args], { cwd: tree, stdio: ['ignore', 'ignore', 'inherit'] })
  }
  pnpm('install', '--prefer-offline', '--frozen-lockfile')
  pnpm('build')
  pnpm('--filter', '@logwisp/bench', 'exec', 'tsup')
  return tree
}

type Figure = 'ms' | 'cpuMs'

function figure(runs: readonly RunResult[], name: Figure): string {
  return String(Math.round(median(runs.map((run) => run[name]))))
}

function quotient(standings: readonly { readonly runs: readonly RunResult[] }[], name: Figure): string {
  const [first, second] = standings.map(({ runs }) => runs)
  const rounds = (first ?? []).flatMap((run, round) => {
    const other = second?.[round]
    return other === undefined ? [] : [other[name] / run[name]]
  })
  return median(rounds).toFixed(2)
}
