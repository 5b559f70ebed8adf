/** The live stream keeps the contract of a sink, as a viewer sees it. */

import { once } from 'node:events'
import { sinkContract } from '@logwisp/core/testing'
import { describe, test } from 'vitest'
import { type SseSink, sseSink } from '../src/index.ts'
import { openStream, type StreamClient } from './sse-client.ts'

const viewers = new WeakMap<SseSink, StreamClient>()

async function watched(): Promise<SseSink> {
  const sink = sseSink({ port: 0, format: ({ message }) => JSON.stringify(message) })
  await once(sink, 'listening')
  viewers.set(sink, await openStream(sink))
  return sink
}

async function received(sink: SseSink): Promise<string[]> {
  const viewer = viewers.get(sink) as StreamClient
  await viewer.closed
  return viewer.data.map((text) => JSON.parse(text))
}

describe('with a viewer', () => {
  for (const { name, run } of sinkContract(watched, { received })) test(name, run)
})

describe('mounted nowhere, without a viewer', () => {
  for (const { name, run } of sinkContract(() => sseSink())) test(name, run)
})
