/** Whether an entry fits a query, one entry at a time: the meaning of a query; the index only narrows what is asked. */

import type { LogEntry } from '@logwisp/core'
import type { LogQuery } from './log-query.ts'

/** @throws LogwispError `BAD_QUERY` naming the term. */
export declare function queryMatcher(query: LogQuery): (entry: Omit<LogEntry, 'origin'>) => boolean
