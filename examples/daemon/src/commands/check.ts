/** `logwisp check`: everything that is wrong with a configuration, before it runs. */

import { checkBuildable } from '../build/check-buildable.ts'
import { listeningStages } from '../config/checks/listening-stages.ts'
import { loadConfig } from '../config/load.ts'
import { ConfigError, type LoadedConfig, originText } from '../config/loaded-config.ts'
import { exitCodes } from '../exit-codes.ts'
import { defaultStateDirectory } from '../service/state-directory.ts'
import { checkCertificates } from './check/certificates.ts'
import { checkCredentials } from './check/credentials.ts'
import { checkPlaces } from './check/places.ts'
import { checkPorts } from './check/ports.ts'
import { checkRemotes } from './check/remotes.ts'
import { type Finding, type PlacedFinding, placed } from './finding.ts'
import type { Invocation, Terminal } from './invocation.ts'
import { print } from './terminal/print.ts'
import { hasColors, type Styles, styles } from './terminal/styles.ts'
import { visible } from './terminal/visible.ts'

/** Its flags. */
export interface CheckOptions {
  readonly online?: true
  readonly offline?: true
  /** False with `--no-ports`. */
  readonly ports: boolean
  readonly json?: true
}

/** Resolves with 0 when it would run, else with 2. Opens ports for a moment; changes nothing on the disk. */
export async function check(invocation: Invocation, options: CheckOptions, terminal: Terminal): Promise<number> {
  const { loaded, findings } = await findAll(invocation, options)
  const ok = !findings.some(({ severity }) => severity === 'problem')
  const summary = ok && loaded !== undefined ? summaryOf(loaded) : undefined
  if (options.json) {
    const all = findings.map(({ severity, path, message, origin }) => ({ severity, path, message, ...origin }))
    const file = loaded?.file ?? invocation.configFile
    await print(terminal.stdout, `${JSON.stringify({ ok, file, summary, findings: all }, undefined, 2)}\n`)
  } else {
    const style = styles(hasColors(terminal.stdout, invocation.environment))
    const lines = findings.map((finding) => lineOf(finding, style))
    const count = findings.filter(({ severity }) => severity === 'problem').length
    lines.push(
      summary === undefined
        ? style.red(`${count} ${count === 1 ? 'problem' : 'problems'}`)
        : `${style.green('ok')}: ${visible(summary)}`,
    )
    await print(terminal.stdout, `${lines.join('\n')}\n`)
  }
  return ok ? exitCodes.ok : exitCodes.usage
}

async function findAll(
  invocation: Invocation,
  options: CheckOptions,
): Promise<{ loaded: LoadedConfig | undefined; findings: readonly PlacedFinding[] }> {
  let loaded: LoadedConfig
  try {
    loaded = await loadConfig(invocation, checkBuildable)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    const findings = error.problems.map((problem) => ({ ...problem, severity: 'problem' as const }))
    return { loaded: undefined, findings }
  }
  const { config, origins, notices } = loaded
  const { cwd, environment } = invocation
  const now = Date.now()
  const stateDirectory = config.state_directory ?? defaultStateDirectory(environment)
  const found: readonly (readonly Finding[])[] = await Promise.all([
    checkPlaces(config, cwd, stateDirectory),
    checkCredentials(config),
    checkCertificates(config, cwd, now),
    options.ports ? checkPorts(config) : [],
    options.offline ? [] : checkRemotes(config, { connecting: options.online === true, cwd, now }),
  ])
  const findings = [...notices, ...found.flat().map((finding) => placed(finding, origins))]
  return { loaded, findings: inOrder(findings) }
}

/** By place in the file, what is elsewhere before it. */
function inOrder(findings: readonly PlacedFinding[]): readonly PlacedFinding[] {
  const line = ({ origin }: PlacedFinding): number => (origin?.from === 'file' ? origin.line : 0)
  return findings.toSorted((a, b) => line(a) - line(b))
}

function lineOf({ severity, path, message, origin }: PlacedFinding, style: Styles): string {
  const word = {
    problem: style.red('problem'),
    warning: style.yellow('warning'),
    notice: style.cyan('notice'),
  }[severity]
  const parts = [originText(origin), path].filter((part) => part !== '').map((part) => style.bold(visible(part)))
  return [word, ...parts, visible(message)].join(': ')
}

function summaryOf(loaded: LoadedConfig): string {
  const { config, file } = loaded
  const count = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? '' : 's'}`
  const { pipelines } = config
  const sources = pipelines.reduce((sum, pipeline) => sum + pipeline.sources.length, 0)
  const sinks = pipelines.reduce((sum, pipeline) => sum + pipeline.sinks.length, 0)
  const addresses = new Set(
    listeningStages(config).map(({ host, port }) => `${host.includes(':') ? `[${host}]` : host}:${port}`),
  )
  return [
    `${file ?? 'no file'}: ${count(pipelines.length, 'pipeline')}, ${count(sources, 'source')}, ${count(sinks, 'sink')}`,
    ...(addresses.size > 0 ? [`listens on ${[...addresses].join(', ')}`] : []),
  ].join('; ')
}
