/** Questions to a store that nobody else uses, each asked many times. */

import type { LogQuery, Store } from '@logwisp/store'
import { openStore } from '@logwisp/store'
import { parseQuery } from '@logwisp/store/query-language'
import { measured, task } from '../harness/measured.ts'
import { seededRandom } from '../harness/seeded-random.ts'
import { firstTime, paceMs, rareWord, twoWords, users } from '../store/store-entries.ts'
import type { AnswerRow } from '../store/store-result.ts'
import { timesOf } from '../store/times-of.ts'

interface Task {
  readonly path: string
  /** That are in the database. */
  readonly entries: number
  /** Of each question. */
  readonly maxCalls: number
  readonly maxMs: number
}

/** What came of one call. */
interface Answer {
  readonly found: number
  readonly isComplete: boolean
  /** When the time of the call is not what is asked for. */
  readonly ms?: number
}

type Question = (store: Store, random: () => number) => Promise<Answer>

const { path, entries: stored, maxCalls, maxMs } = task<Task>()
const wholeMs = stored * paceMs
const hundred = 100

/** First pages of a query's entries. */
function firstPage(text: string | ((random: () => number) => string), range: Partial<LogQuery> = {}): Question {
  return async (store, random) => {
    const { terms, problems } = parseQuery(typeof text === 'string' ? text : text(random))
    if (problems.length > 0) throw new Error(problems[0]?.problem)
    const { entries, isComplete } = await store.page({ ...range, terms }, { limit: hundred })
    return { found: entries.length, isComplete }
  }
}

function counting(text: string, range: Partial<LogQuery> = {}): Question {
  return async (store) => {
    const { buckets, isComplete } = await store.histogram({ ...range, terms: parseQuery(text).terms })
    return { found: buckets.length, isComplete }
  }
}

async function allOf(text: string, store: Store, signal?: AbortSignal): Promise<number> {
  let found = 0
  for await (const batch of store.scan({ terms: parseQuery(text).terms }, { signal })) found += batch.length
  return found
}

/** Of ten million entries, a day. */
const someDay = { from: firstTime + (wholeMs * 3) / 7, to: firstTime + (wholeMs * 4) / 7 }
const rarePattern = '/user=u-1\\d*7 .*retrying in 8/'

const questions: Readonly<Record<string, Question>> = {
  'last lines': firstPage(''),
  'lines around a time': async (store, random) => {
    const { entries, isComplete } = await store.page({}, { around: firstTime + random() * wholeMs, limit: hundred })
    return { found: entries.length, isComplete }
  },
  'next page of older lines': async (store, random) => {
    const { entries } = await store.page({}, { around: firstTime + random() * wholeMs, limit: 1 })
    const startedMs = performance.now()
    const page = await store.page({}, { before: entries[0]?.id, limit: hundred })
    return { found: page.entries.length, isComplete: page.isComplete, ms: performance.now() - startedMs }
  },
  'one line by its id': async (store, random) => {
    const { entries } = await store.page({}, { around: firstTime + random() * wholeMs, limit: 1 })
    const startedMs = performance.now()
    const entry = await store.entry(entries[0]?.id ?? '')
    return { found: entry === undefined ? 0 : 1, isComplete: true, ms: performance.now() - startedMs }
  },
  'level:error': firstPage('level:error'),
  'level:error, one day': firstPage('level:error', someDay),
  'level:fatal': firstPage('level:fatal'),
  'a rare word': firstPage(rareWord),
  'a word that is nowhere': firstPage('nowhere'),
  'a common word': firstPage('request'),
  'a common word, one day': firstPage('request', someDay),
  'two words': firstPage(twoWords.join(' ')),
  'a common word and a rare level': firstPage('checkout level:fatal'),
  'a phrase': firstPage(`"upstream ${twoWords[0]}"`),
  'the beginning of a word, rare': firstPage(`${rareWord.slice(0, 6)}*`),
  'the beginning of a word, common': firstPage('req*'),
  'a field': firstPage((random) => `field.user=${Math.floor(random() * users)}`),
  'a field that all have': firstPage('field.region=eu-1'),
  'a source': firstPage('source:web-7/app.log'),
  'a word left out': firstPage('-request'),
  'a pattern, common': firstPage('/in [89]\\d\\d ms/'),
  'a pattern, rare': firstPage(rarePattern),
  'a pattern beside a word': firstPage(`${twoWords[1]} ${rarePattern}`),
  'a pattern, stopped: until the call ends': async (store) => {
    const stop = new AbortController()
    const going = allOf(rarePattern, store, stop.signal).catch(() => 0)
    await new Promise((resolve) => setTimeout(resolve, 100))
    const startedMs = performance.now()
    stop.abort()
    const found = await going
    return { found, isComplete: true, ms: performance.now() - startedMs }
  },
  'patterns, stopped: until the readers answer the next': async (store) => {
    const stop = new AbortController()
    const going = [1, 2, 3].map(() => allOf(rarePattern, store, stop.signal).catch(() => 0))
    await new Promise((resolve) => setTimeout(resolve, 100))
    const startedMs = performance.now()
    stop.abort()
    const pages = await Promise.all([1, 2, 3].map(() => store.page({}, { limit: hundred })))
    const ms = performance.now() - startedMs
    await Promise.all(going)
    return { found: pages[0]?.entries.length ?? 0, isComplete: true, ms }
  },
  'histogram of everything': counting(''),
  'histogram of everything, one day': counting('', someDay),
  'histogram of level:error': counting('level:error'),
  'histogram of a rare word': counting(rareWord),
  'histogram of a common word': counting('request'),
  'completions of a field': async (store) => {
    const completions = await store.completions({ of: 'value', path: 'status' })
    return { found: completions.length, isComplete: true }
  },
}

/** Asked once: they take as long as they take. */
const long: Readonly<Record<string, Question>> = {
  'a pattern, everything': async (store) => ({ found: await allOf(rarePattern, store), isComplete: true }),
  'two words, everything': async (store) => ({ found: await allOf(twoWords.join(' '), store), isComplete: true }),
}

await measured(async () => {
  const openedMs = performance.now()
  const store = await openStore(path)
  const openMs = performance.now() - openedMs
  const rows: AnswerRow[] = []
  for (const [name, question] of Object.entries({ ...questions, ...long })) {
    rows.push(await ask(name, question, store, name in long ? 1 : maxCalls))
  }
  await store.close()
  return { openMs, rows }
})

async function ask(name: string, question: Question, store: Store, most: number): Promise<AnswerRow> {
  const random = seededRandom(6)
  const allMs: number[] = []
  const beganMs = performance.now()
  let incomplete = 0
  let found = 0
  while (allMs.length < most && (allMs.length < 3 || performance.now() - beganMs < maxMs)) {
    const startedMs = performance.now()
    const answer = await question(store, random)
    allMs.push(answer.ms ?? performance.now() - startedMs)
    found = answer.found
    if (!answer.isComplete) incomplete++
  }
  return { name, times: timesOf(allMs), found, incomplete }
}
