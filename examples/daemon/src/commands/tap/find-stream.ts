/** Which stream of a daemon is meant. */

import { createInterface } from 'node:readline/promises'
import type { ServiceStatus } from '../../service/service-status.ts'
import { daemonStatus } from '../daemon-status.ts'
import type { Terminal } from '../invocation.ts'
import type { ShownCredentials } from '../shown-credentials.ts'
import { visible } from '../terminal/visible.ts'
import { UsageError } from '../usage-error.ts'

/** How long a daemon may take to tell its status. Unit: ms. */
const statusTimeoutMs = 10_000

/** The URL of a stream of the daemon there: of the pipeline that is named, of the only one, or of the one that is chosen. */
export async function findStream(
  base: URL,
  pipeline: string | undefined,
  credentials: ShownCredentials,
  terminal: Terminal,
): Promise<URL> {
  const streams = streamsOf(await daemonStatus(base, { credentials, timeoutMs: statusTimeoutMs }))
  const names = [...streams.keys()]
  if (names.length === 0)
    throw new UsageError(`no pipeline of ${base.origin} has a live stream there: give it an \`http\` sink`)
  const listed = names.map(visible).join(', ')
  if (pipeline !== undefined && !streams.has(pipeline)) {
    throw new UsageError(`${base.origin} has no stream of \`${pipeline}\`: there is ${listed}`)
  }
  const name = pipeline ?? (names.length === 1 ? (names[0] as string) : await choose(names, terminal))
  if (name === undefined) throw new UsageError(`there are several streams: say which with --pipeline: ${listed}`)
  return new URL(streams.get(name) as string, base)
}

/** By pipeline, the path of its first stream on that port. */
function streamsOf({ pipelines }: ServiceStatus): ReadonlyMap<string, string> {
  const streams = new Map<string, string>()
  for (const [name, pipeline] of Object.entries(pipelines)) {
    // What an HTTP port adds to the status of a pipeline.
    const { endpoints } = pipeline as { readonly endpoints?: { readonly stream?: string } }
    if (endpoints?.stream !== undefined) streams.set(name, endpoints.stream)
  }
  return streams
}

async function choose(names: readonly string[], { stdin, stderr }: Terminal): Promise<string | undefined> {
  if (stdin.isTTY !== true) return undefined
  const lines = createInterface({ input: stdin, output: stderr })
  try {
    const list = names.map((name, at) => `  ${at + 1}  ${visible(name)}\n`).join('')
    const answer = (await lines.question(`Streams:\n${list}Which? `)).trim()
    return names[Number(answer) - 1] ?? names.find((name) => name === answer)
  } finally {
    lines.close()
  }
}
