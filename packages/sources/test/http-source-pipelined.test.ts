/** Requests that a client sends behind each other without waiting for answers. */

import { once } from 'node:events'
import { connect } from 'node:net'
import { pipeline } from 'node:stream/promises'
import { collectingSink } from '@logwisp/core/testing'
import { expect, test } from 'vitest'
import { httpSource } from '../src/index.ts'

const wrong = 'POST /ingest HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\nContent-Length: 3\r\n\r\nabc'

function right(message: string): string {
  const body = JSON.stringify({ message })
  return `POST /ingest HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`
}

test('takes nothing of a request behind one whose answer closes the connection, since it is never answered', async () => {
  const source = httpSource({ port: 0 })
  const sink = collectingSink()
  const done = pipeline(source, sink)
  await once(source, 'listening')
  const socket = connect(source.address?.port ?? 0, '127.0.0.1')
  socket.write(right('before') + wrong + right('behind'))
  let answers = ''
  socket.setEncoding('utf8').on('data', (text: string) => (answers += text))
  await once(socket, 'close')
  source.stop()
  await done
  expect(answers.match(/^HTTP\/1\.1 \d+/gm)).toEqual(['HTTP/1.1 202', 'HTTP/1.1 415'])
  expect(sink.messages).toEqual(['before'])
})
