/** httpClientSink over TLS: an authority of one's own, certificates of clients, and what it says when these are wrong. */

import { pipeline } from 'node:stream/promises'
import type { TLSSocket } from 'node:tls'
import { givingSource, RecordingTracker } from '@logwisp/core/testing'
import { generate } from 'selfsigned'
import { afterEach, beforeAll, expect, test } from 'vitest'
import { type HttpClientSinkOptions, httpClientSink } from '../src/http-client-sink.ts'
import { answers, type Receiver, receiver, takesAll } from './http-receiver.ts'

interface Certificate {
  readonly cert: string
  readonly key: string
}

let authority: Certificate
let forServer: Certificate
let forClient: Certificate
beforeAll(async () => {
  const common = { keyType: 'ec', algorithm: 'sha256' } as const
  const root = await generate([{ name: 'commonName', value: 'An authority' }], {
    ...common,
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, digitalSignature: true },
    ],
  })
  authority = { cert: root.cert, key: root.private }
  const issue = async (name: string): Promise<Certificate> => {
    const { cert, private: key } = await generate([{ name: 'commonName', value: name }], {
      ...common,
      ca: { cert: root.cert, key: root.private },
      extensions: [
        { name: 'basicConstraints', cA: false },
        {
          name: 'subjectAltName',
          altNames: [
            { type: 7, ip: '127.0.0.1' },
            { type: 2, value: name },
          ],
        },
      ],
    })
    return { cert, key }
  }
  forServer = await issue('logs.example')
  forClient = await issue('a-shipper')
})

const receivers: Receiver[] = []
afterEach(async () => {
  for (const one of receivers.splice(0)) await one.close()
})

async function serve(asksForCertificate = false): Promise<Receiver> {
  const tls = {
    ...forServer,
    ca: authority.cert,
    requestCert: asksForCertificate,
    rejectUnauthorized: asksForCertificate,
  }
  const one = await receiver({ tls })
  receivers.push(one)
  return one
}

async function send(url: string, options: HttpClientSinkOptions): Promise<RecordingTracker> {
  const tracker = new RecordingTracker()
  const sink = httpClientSink(url, { maxBatchDelayMs: 5, minRetryDelayMs: 1, retries: 1, ...options })
  await pipeline(givingSource([tracker.batch(['a', 'b'])]), sink)
  return tracker
}

test('a server whose authority is in tls.ca is trusted', async () => {
  const server = await serve()
  const tracker = await send(server.url, { tls: { ca: authority.cert } })
  expect(server.taken).toEqual(['a', 'b'])
  expect(tracker.mark).toBe(tracker.end)
})

test('a server that nobody vouches for gets nothing, and the error says what to do', async () => {
  const server = await serve()
  await expect(send(server.url, {})).rejects.toMatchObject({
    code: 'UNDELIVERED',
    message: expect.stringContaining('`tls.ca`'),
  })
  expect(server.requests).toEqual([])
})

test('a server with a certificate for another name gets nothing, unless tls.servername expects that name', async () => {
  const server = await serve()
  const url = server.url.replace('127.0.0.1', 'localhost')
  const tls = { ca: authority.cert }
  await expect(send(url, { tls })).rejects.toMatchObject({ message: expect.stringContaining('`tls.servername`') })
  expect(server.requests).toEqual([])
  await send(url, { tls: { ...tls, servername: 'logs.example' } })
  expect(server.taken).toEqual(['a', 'b'])
})

test('the certificate of the client is shown to a server that asks for one', async () => {
  const server = await serve(true)
  let name: string | undefined
  server.answer = (received, res) => {
    name = (received.req.socket as TLSSocket).getPeerCertificate().subject.CN as string
    takesAll(received, res)
  }
  await send(server.url, { tls: { ca: authority.cert, ...forClient } })
  expect(name).toBe('a-shipper')
  expect(server.taken).toEqual(['a', 'b'])
})

test('without it the server takes nothing, and nothing is acknowledged', async () => {
  const server = await serve(true)
  await expect(send(server.url, { tls: { ca: authority.cert } })).rejects.toMatchObject({ code: 'UNDELIVERED' })
  expect(server.requests).toEqual([])
})

test('a redirect from https to http is not followed', async () => {
  const plain = await receiver()
  receivers.push(plain)
  const server = await serve()
  server.answer = answers(307, { location: plain.url })
  await expect(send(server.url, { tls: { ca: authority.cert } })).rejects.toMatchObject({ code: 'PEER_REFUSED' })
  expect(plain.requests).toEqual([])
})
