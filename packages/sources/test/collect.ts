/** Reads a source as a program would, acknowledges what it gets, and waits for lines rather than for time. */

import { once } from 'node:events'
import { acknowledge, type EntrySource, type LogEntry, type LogwispError } from '@logwisp/core'

/** What {@link collect} returns. */
export interface Collected<Source extends EntrySource> {
  readonly source: Source
  readonly entries: readonly LogEntry[]
  readonly warnings: readonly LogwispError[]
  /** The messages so far, once there are at least `count`. */
  messages(count: number): Promise<string[]>
  /** Stops the source; all messages, once it has ended. */
  stop(): Promise<string[]>
  /** All messages, once the source has ended by itself. */
  ended(): Promise<string[]>
  /** Destroys the source, as a crash would, once it has closed. */
  destroy(): Promise<void>
}

export function collect<Source extends EntrySource>(source: Source, acknowledges = true): Collected<Source> {
  const entries: LogEntry[] = []
  const warnings: LogwispError[] = []
  const waiting = new Set<() => void>()
  source.on('data', (entry: LogEntry) => {
    entries.push(entry)
    if (acknowledges) acknowledge(entry)
    for (const check of waiting) check()
  })
  source.on('warning', (warning: LogwispError) => warnings.push(warning))
  const end = new Promise<void>((resolve, reject) => source.on('end', resolve).on('error', reject))
  end.catch(() => {})
  const messages = (): string[] => entries.map(({ message }) => message)
  const ended = async (): Promise<string[]> => {
    await end
    return messages()
  }
  return {
    source,
    entries,
    warnings,
    messages: (count) =>
      new Promise((resolve, reject) => {
        const check = (): void => {
          if (entries.length < count) return
          waiting.delete(check)
          resolve(messages())
        }
        waiting.add(check)
        check()
        end.catch(reject)
      }),
    stop: () => {
      source.stop()
      return ended()
    },
    ended,
    destroy: async () => {
      const closed = once(source, 'close')
      source.destroy()
      await closed
    },
  }
}
