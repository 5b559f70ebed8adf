/** The results of the sieges as Markdown. */

import type { PhaseResult, SiegeResult, SiegeResults } from './siege-result.ts'

/** The page. */
export function siegePage(results: SiegeResults): string {
  const { date, machine, sizes } = results
  return [
    '# Under siege',
    'Written by `pnpm --filter @logwisp/bench siege`, together with [results/siege.json](results/siege.json); do not edit. ' +
      'What is done, and how, is in the [README](README.md).',
    `${date.slice(0, 16).replace('T', ' ')} UTC · ${machine.cores} cores of ${machine.cpu} · ${machine.os} · Node ${machine.node} · ` +
      `${whole(sizes.connections)} connections, ${sizes.siegeMs / 1000} s of siege · load average before ${machine.loadBefore.toFixed(1)}`,
    '![Resident memory over time](results/siege.svg)',
    siegeTables(results.sieges),
    '',
  ].join('\n\n')
}

/** What is printed, too. */
export function siegeTables(sieges: readonly SiegeResult[]): string {
  const besieged = sieges.filter(({ phases }) => phases.length > 0)
  const others = sieges.filter(({ phases, problem }) => phases.length === 0 && problem === undefined)
  const failed = sieges.filter(({ problem }) => problem !== undefined)
  return [
    '## A well-behaved client, and memory, in each phase',
    table(
      ['siege', 'phase', 'served', 'p50 ms', 'p99 ms', 'max ms', 'RSS MB, highest', 'RSS MB, at its end', 'trouble'],
      besieged.flatMap((siege) => siege.phases.map((phase) => phaseRow(siege, phase))),
    ),
    '## Besiegers, and times',
    table(
      [
        'siege',
        'connections',
        'made',
        'closed by the server',
        'ms to listen',
        'ms until all connected',
        'ms to end',
        'entries given',
        'arrived',
        'repeated',
      ],
      [...besieged, ...others].map((siege) => [
        siege.name,
        whole(siege.connections),
        whole(siege.made),
        whole(siege.closed),
        whole(siege.times.startMs),
        whole(siege.times.connectedMs),
        whole(siege.times.stopMs),
        whole(siege.delivery?.given),
        whole(siege.delivery?.arrived),
        whole(siege.delivery?.repeated),
      ]),
    ),
    ...failed.map(({ name, problem }) => `**${name}** did not run: ${problem}`),
  ].join('\n\n')
}

function phaseRow({ name, memory }: SiegeResult, phase: PhaseResult): string[] {
  const looks = memory.filter(({ ms }) => ms >= phase.fromMs && ms <= phase.toMs).map(({ rssBytes }) => rssBytes / 1e6)
  const { count, p50Ms, p99Ms, maxMs, problem } = phase.served
  const times = [p50Ms, p99Ms, maxMs].map((one) => one?.toFixed(2) ?? nothing)
  return [name, phase.name, whole(count), ...times, whole(Math.max(...looks)), whole(looks.at(-1)), problem ?? nothing]
}

const nothing = '–'

function whole(value: number | undefined): string {
  return value === undefined || !Number.isFinite(value) ? nothing : Math.round(value).toLocaleString('en-US')
}

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  return [line(heads), line(heads.map((_, column) => (column === 0 ? '---' : '--:'))), ...rows.map(line)].join('\n')
}
