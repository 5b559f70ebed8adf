/**
 * A hundred reloads within a minute, while lines flow through a pipeline that is never changed and through one that
 * always is. A third of the files are broken, and must change nothing.
 */

import { appendFileSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { DaemonProcess } from './daemon-process.ts'
import { EventViewer } from './event-viewer.ts'
import { tallyOfFiles } from './files-tally.ts'
import { LineClock, numberedLines, Tally } from './numbered-lines.ts'

/** How long and how much. */
export interface ReloadSizes {
  readonly reloads: number
  readonly seconds: number
  readonly linesPerSecond: number
  readonly viewers: number
}

interface ReloadedPipeline {
  readonly name: string
  readonly written: number
  readonly lost: number
  readonly repeated: number
  readonly viewersCut: number
  /** Numbers that its viewers did not see although they looked the whole time; of all viewers together. */
  readonly notSeen: number
}

export interface ReloadResult {
  readonly reloads: number
  readonly refused: number
  readonly broken: number
  readonly pipelines: readonly ReloadedPipeline[]
  readonly before: { readonly rssBytes: number; readonly descriptors: number }
  readonly after: { readonly rssBytes: number; readonly descriptors: number }
}

const port = 18_080

/** What the pipeline that changes has in its n-th configuration: each time something else, and each of them sensible. */
function changedParts(n: number): string {
  const filter = `[[pipelines.filters]]\ntype = "exclude"\npatterns = ["never-seen-${n}"]\n`
  const sink = (name: string, more = ''): string =>
    `[[pipelines.sinks]]\ntype = "file"\noptions = { directory = "out", name = "${name}", min_disk_free_mb = 0${more} }\n`
  const kept = sink('changing', n % 4 === 3 ? `, max_size_mb = ${200 + n}` : '')
  return filter + kept + (n % 2 === 0 ? sink('extra') : '')
}

function configuration(n: number): string {
  const pipeline = (name: string, rest: string): string => `
[[pipelines]]
name = "${name}"
[[pipelines.sources]]
type = "file"
options = { path = "in/${name}.log", start_at = "beginning" }
[[pipelines.sinks]]
type = "http"
options = { port = ${port}, stream_path = "/stream", max_viewers = 1000, max_connections = 2000 }
${rest}`
  const file =
    '[[pipelines.sinks]]\ntype = "file"\noptions = { directory = "out", name = "steady", min_disk_free_mb = 0 }\n'
  return `router = true\nstate_directory = "state"\n${pipeline('steady', file)}${pipeline('changing', changedParts(n))}`
}

const brokenWays = [
  (text: string): string => text.replace('type = "http"', 'type = "htp"'),
  (text: string): string => text.slice(0, -40),
  (text: string): string => text.replaceAll(`port = ${port}`, 'port = "no port"'),
]

export async function reloadUnderLoad(directory: string, sizes: ReloadSizes): Promise<ReloadResult> {
  for (const name of ['in', 'out']) await mkdir(join(directory, name), { recursive: true })
  const config = join(directory, 'logwisp.toml')
  const names = ['steady', 'changing'] as const
  for (const name of names) await writeFile(join(directory, 'in', `${name}.log`), '')
  await writeFile(config, configuration(0))
  const url = `http://127.0.0.1:${port}`
  const daemon = new DaemonProcess({ words: ['-c', config], directory, url })
  await daemon.ready()
  const seen = new Map(names.map((name) => [name, Array.from({ length: sizes.viewers }, () => new Tally())]))
  const viewers = new Map(
    names.map((name) => [
      name,
      (seen.get(name) as Tally[]).map((tally) => new EventViewer(`${url}/${name}/stream`, tally)),
    ]),
  )
  while (viewersOf(await daemon.status()) < names.length * sizes.viewers) await wait(20)
  const clocks = names.map(
    (name) =>
      new LineClock(sizes.linesPerSecond, (from, to) =>
        appendFileSync(join(directory, 'in', `${name}.log`), numberedLines(name, from, to)),
      ),
  )
  // Its first seconds of work, in which everything is compiled, are not part of what a reload costs.
  await wait(2000)
  const before = { rssBytes: daemon.rssBytes, descriptors: daemon.descriptors }
  let broken = 0
  let refused = 0
  const everyMs = (sizes.seconds * 1000) / sizes.reloads
  const startedMs = performance.now()
  for (let n = 1; n <= sizes.reloads; n++) {
    const isBroken = n % 3 === 0
    const text = configuration(n)
    const last = (await daemon.status()).last_reload?.at
    await writeFile(config, isBroken ? (brokenWays[n % brokenWays.length] as (text: string) => string)(text) : text)
    daemon.kill('SIGHUP')
    const result = await nextReload(daemon, last)
    if (isBroken) broken++
    if (result === 'refused') refused++
    if (isBroken !== (result === 'refused')) {
      throw new Error(`reload ${n} was ${result}, of a ${isBroken ? 'broken' : 'good'} file: ${daemon.said}`)
    }
    await wait(Math.max(0, startedMs + n * everyMs - performance.now()))
  }
  const written = clocks.map((clock) => clock.stop())
  const out = join(directory, 'out')
  await allWritten(out, names, written)
  const after = { rssBytes: daemon.rssBytes, descriptors: daemon.descriptors }
  await wait(500)
  for (const viewer of [...viewers.values()].flat()) viewer.close()
  await daemon.stop()
  const tally = await tallyOfFiles(out, ['steady', 'changing'])
  const pipelines = names.map((name, index): ReloadedPipeline => {
    const total = written[index] as number
    const notSeen = (seen.get(name) as Tally[]).reduce((sum, one) => sum + one.arrived(name, total).lost, 0)
    const viewersCut = (viewers.get(name) as EventViewer[]).reduce((sum, { cut }) => sum + cut, 0)
    return { name, written: total, ...tally.arrived(name, total), viewersCut, notSeen }
  })
  return { reloads: sizes.reloads, refused, broken, pipelines, before, after }
}

function viewersOf(status: { readonly pipelines: Readonly<Record<string, unknown>> }): number {
  const sinks = Object.values(status.pipelines).flatMap(
    (pipeline) => (pipeline as { sinks: { active_connections?: number }[] }).sinks,
  )
  return sinks.reduce((sum, { active_connections = 0 }) => sum + active_connections, 0)
}

async function nextReload(daemon: DaemonProcess, last: string | undefined): Promise<string> {
  for (const askedMs = performance.now(); performance.now() - askedMs < 20_000; ) {
    const { last_reload } = await daemon.status()
    if (last_reload !== undefined && last_reload.at !== last) return last_reload.result
    await wait(10)
  }
  throw new Error(`no reload came to an end: ${daemon.said}`)
}

async function allWritten(out: string, names: readonly string[], written: readonly number[]): Promise<void> {
  for (const askedMs = performance.now(); performance.now() - askedMs < 30_000; ) {
    const tally = await tallyOfFiles(out, names)
    if (names.every((name, index) => tally.distinct(name) >= (written[index] as number))) return
    await wait(250)
  }
}
