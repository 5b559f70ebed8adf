/** Finds out, before anything runs, whether everything that a configuration describes can be made. */

import { Readable, type Writable } from 'node:stream'
import { LogwispError } from '@logwisp/core'
import { diskBufferOf } from '../config/checks/check-buffers.ts'
import type { Problem } from '../config/loaded-config.ts'
import type { Config, PipelineConfig } from '../config/schema.ts'
import { UnreadSecretError } from '../config/secret.ts'
import type { PortHost } from '../http/port-host.ts'
import { accessFor } from './access.ts'
import { buildBuffer } from './buffer.ts'
import type { BuildContext } from './built-stage.ts'
import { buildFilter, buildLimits } from './filters.ts'
import { buildSink } from './sink.ts'
import { buildSource } from './source.ts'
import { PlacedError } from './stage-place.ts'
import { serverTlsFor } from './tls.ts'

/**
 * Makes every stage with all that belongs to it (formats, certificates, users, keys of tokens), and throws it away before
 * it opens anything: no port, no connection, no file but those with certificates and the like. What cannot be made is a
 * problem, one for each stage; origins are for the caller to add.
 */
export async function checkBuildable(config: Config): Promise<readonly Problem[]> {
  const ports = portsThatStayClosed()
  const problems: Problem[] = []
  const attempt = async (pathOf: (place: string) => string, path: string, make: () => unknown): Promise<void> => {
    try {
      await make()
    } catch (error) {
      // Why it could not be read has been said.
      if (error instanceof UnreadSecretError) return
      const isPlaced = error instanceof PlacedError
      const message = isPlaced ? error.reason : wordsFor(error)
      problems.push({ path: isPlaced ? pathOf(error.place) : path, message, origin: undefined })
    }
  }
  for (const [index, pipeline] of config.pipelines.entries()) {
    const path = `pipelines.${index}`
    const isHere = (place: string): string => `${path}${place.slice(pipeline.name.length)}`
    const context = contextOf(pipeline, config.router, ports)
    await attempt(isHere, `${path}.rate_limit`, () => {
      for (const stage of buildLimits(pipeline.rate_limit)) neverOpen(stage)
    })
    for (const [at, filter] of pipeline.filters.entries()) {
      const inFilters = (place: string): string => `${path}.${place}`
      await attempt(inFilters, `${path}.filters.${at}`, () => neverOpen(buildFilter(filter, at)))
    }
    for (const [at, source] of pipeline.sources.entries()) {
      await attempt(isHere, `${path}.sources.${at}`, async () => (await buildSource(source, context)).release())
    }
    for (const [at, sink] of pipeline.sinks.entries()) {
      await attempt(isHere, `${path}.sinks.${at}`, async () => (await buildSink(sink, context)).release())
      const buffer = diskBufferOf(sink)
      const place = `${pipeline.name}.sinks.${at}.buffer`
      if (buffer !== undefined)
        await attempt(isHere, `${path}.sinks.${at}.buffer`, () => buildBuffer(buffer, context, place))
    }
  }
  await attempt(
    (place) => place,
    'status',
    () => makeStatusServer(config.status, ports),
  )
  return problems
}

function contextOf(pipeline: PipelineConfig, router: boolean, ports: PortHost): BuildContext {
  const stdin = Readable.from([])
  return { pipeline, router, ports, checkpoint: undefined, stdin, once: false, onMade: neverOpen }
}

/** Ends a stage in the turn in which it was made: what Node calls to have it open something does nothing. */
function neverOpen(stage: Readable | Writable): void {
  stage._construct = (callback) => callback()
  stage.on('error', () => {})
  stage.destroy()
}

async function makeStatusServer({ port, ssl, auth, net_limit }: Config['status'], ports: PortHost): Promise<void> {
  if (port === undefined) return
  serverTlsFor(ssl, 'status.ssl')?.make()
  const request = { auth, net_limit, protocol: 'http', pipeline: undefined, ports, place: 'status.auth' } as const
  const { release, connections } = await accessFor(request)
  connections?.make()
  release()
}

/** Makes what a port would need, and opens none. */
function portsThatStayClosed(): PortHost {
  return {
    listeners: [],
    settle: async () => {},
    close: async () => {},
    acquire: async ({ tls, connections }) => {
      tls?.make()
      connections?.make()
      const address = { address: '', family: '', port: 0 }
      return { address, mount: () => {}, serve: () => {}, release: () => {} }
    },
  }
}

function wordsFor(error: unknown): string {
  return error instanceof LogwispError ? error.message : `cannot be made: ${String(error)}`
}
