/** `pnpm bench`: runs every scenario and every micro bench, and writes down what came of it. */

import { loadavg } from 'node:os'
import { fileURLToPath } from 'node:url'
import { print, runCommand } from './harness/bench-command.ts'
import { type BenchOptions, readOptions, usage } from './harness/bench-options.ts'
import type { Scenario } from './harness/contest.ts'
import { keepResults } from './harness/keep-results.ts'
import { describeMachine } from './harness/machine.ts'
import { runMeasured } from './harness/measured-process.ts'
import { Progress } from './harness/progress.ts'
import { type MicroResult, type Results, type ScenarioResult, summarize } from './harness/results.ts'
import { resultsPlot } from './harness/results-plot.ts'
import { resultsPage, scenarioSection, summary } from './harness/results-tables.ts'
import { runRounds } from './harness/rounds.ts'
import { Workshop } from './harness/workshop.ts'
import { directoryToFile } from './scenarios/directory-to-file.ts'
import { fileIncludeToFile, fileIncludeToFileLong, fileIncludeToFileUtf8 } from './scenarios/file-include-to-file.ts'
import { fileStagesToFile } from './scenarios/file-stages-to-file.ts'
import { fileToHttp, fileToTcp } from './scenarios/file-to-endpoint.ts'
import { fileToFile } from './scenarios/file-to-file.ts'
import { fileToSse, fileToSseThousand } from './scenarios/file-to-sse.ts'
import { httpToNothing } from './scenarios/http-to-nothing.ts'
import { tailLatency } from './scenarios/tail-latency.ts'
import { tailThroughCopytruncate, tailThroughRename } from './scenarios/tail-through-rotation.ts'
import { tcpToFile } from './scenarios/tcp-to-file.ts'

const scenarios: readonly Scenario[] = [
  fileIncludeToFile,
  fileIncludeToFileLong,
  fileIncludeToFileUtf8,
  fileToFile,
  fileStagesToFile,
  directoryToFile,
  fileToSse,
  fileToSseThousand,
  httpToNothing,
  tcpToFile,
  fileToHttp,
  fileToTcp,
  tailLatency,
  tailThroughRename,
  tailThroughCopytruncate,
]

const microSuites = ['token-bucket', 'find-level', 'find-time', 'wire', 'batch', 'include']

/** One who needs longer than this in all takes no part in further rounds. */
const maxMsEach = 20_000

const packageDirectory = fileURLToPath(new URL('..', import.meta.url))
const progress = new Progress(process.stderr)

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2), packageDirectory)
  const isAsked = (name: string): boolean =>
    options.only.length === 0 || options.only.some((part) => name.includes(part))
  const asked = scenarios.filter(({ name }) => isAsked(name))
  const askedSuites = microSuites.filter((suite) => isAsked(`micro/${suite}`))
  if (options.help) return print(usage)
  if (options.list)
    return print([...asked.map(({ name }) => name), ...askedSuites.map((name) => `micro/${name}`), ''].join('\n'))
  if (asked.length + askedSuites.length === 0) {
    throw new Error(`nothing is called ${options.only.join(' or ')}: --list gives the names`)
  }
  const machine = describeMachine()
  const micro: MicroResult[] = []
  for (const suite of askedSuites) {
    progress.step(`micro/${suite}`)
    const { results } = await runMeasured<{ results: MicroResult[] }>(`micro/${suite}.bench`, { quick: options.quick })
    micro.push(...results)
  }
  const results: Results = {
    date: new Date().toISOString(),
    machine,
    settings: { rounds: options.rounds, megabytes: options.megabytes, quick: options.quick },
    scenarios: await runScenarios(asked, options),
    micro,
    loadAfter: loadavg()[0] as number,
  }
  progress.clear()
  print(`\n${summary(results)}\n`)
  if (options.out !== undefined)
    await keepResults(
      options.out,
      { name: 'RESULTS.md', text: resultsPage(results) },
      { 'latest.json': `${JSON.stringify(results, null, 2)}\n`, 'latest.svg': resultsPlot(results) },
    )
  return results.scenarios.flatMap(problemsOf).map((problem) => process.stderr.write(`${problem}\n`)).length > 0 ? 1 : 0
}

async function runScenarios(asked: readonly Scenario[], options: BenchOptions): Promise<ScenarioResult[]> {
  if (asked.length === 0) return []
  const workshop = await Workshop.open(options.directory, options)
  try {
    const results: ScenarioResult[] = []
    for (const scenario of asked) {
      progress.step(`${scenario.name}: making the input`)
      const contest = await scenario.prepare(workshop)
      const standings = await runRounds(contest, {
        rounds: Math.min(options.rounds, scenario.maxRounds ?? Infinity),
        maxMsEach,
        directory: workshop.directory,
        progress: (what) => progress.step(`${scenario.name}, ${what}`),
      })
      const result = summarize(scenario, contest, standings)
      results.push(result)
      progress.clear()
      print(`\n${scenarioSection(result)}\n`)
    }
    return results
  } finally {
    await workshop.close()
  }
}

/** What must not be in our own results, whatever the speed. Others may lose, differ and fail: that is a result. */
function problemsOf({ name, rows, lines }: ScenarioResult): string[] {
  const ours = rows.filter(({ role }) => role === 'logwisp')
  return ours.flatMap((row) => {
    const who = `${name}: ${row.name}`
    if (row.problem !== undefined) return [`${who}: ${row.problem}`]
    if (row.identical === false) return [`${who}: the output is not what it should be`]
    const accounted = (row.delivered ?? 0) + (row.missed ?? 0)
    return Math.round(accounted) === lines ? [] : [`${who}: ${row.delivered} of ${lines} lines were delivered`]
  })
}

await runCommand(main, progress)
