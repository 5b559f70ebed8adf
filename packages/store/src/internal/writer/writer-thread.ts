/** The writer's thread: SQLite waits for the disk, which the program must not. */

import { LogwispError } from '@logwisp/core'
import { type ServedThread, serveThread } from '../thread/serve-thread.ts'
import { Writer } from './writer.ts'
import type { WriterCalls, WriterNotice } from './writer-calls.ts'

let opened: Writer | undefined

const thread: ServedThread<WriterNotice> = serveThread<WriterCalls, WriterNotice>({
  open: (settings) => {
    opened = new Writer(settings, (notice) => thread.notify(notice))
  },
  append: (columns) => writer().append(columns),
  indexed: () => writer().indexed(),
  freeze: (_argument, context) => writer().freeze(context),
  thaw: () => writer().thaw(),
  checkpointed: (isFurther) => writer().checkpointed(isFurther),
  facts: () => writer().facts,
  close: async (graceMs) => opened?.close(graceMs),
})

function writer(): Writer {
  if (opened === undefined) throw new LogwispError('STORE_CLOSED', 'the store is not open')
  return opened
}
