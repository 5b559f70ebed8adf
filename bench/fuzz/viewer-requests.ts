/** Connections of would-be viewers of a live stream: wishes that cannot be understood, and wrong requests. */

import { cutsOf } from './http-requests.ts'
import type { Random } from './random.ts'
import type { FuzzCase, FuzzSession } from './session.ts'

/** A connection that asks for the status and other things, and at last maybe for the stream. */
export function viewerSession(random: Random, number: number): FuzzSession {
  const cases = Array.from({ length: random.integer(1, 40) }, () => question(random))
  const isLastFatal = random.percent(30)
  if (isLastFatal) cases.push(stream(random))
  const end = isLastFatal ? random.pick(['wait', 'reset'] as const) : 'close'
  return { target: 'sseSink', number, cases, strays: [], end, isLastFatal, cuts: cutsOf(random, cases) }
}

function question(random: Random): FuzzCase {
  return random.weighted<() => FuzzCase>([
    [4, () => request('the status', 'GET', `/status${random.pick(['', '?', '?x=1', '?%ff', '?%'])}`, [200, 400])],
    [1, () => request('the status as a HEAD', 'HEAD', '/status', [200])],
    [2, () => request('a HEAD of the stream', 'HEAD', `/stream?${query(random)}`, [200, 400, 414, 503])],
    [2, () => request('a wrong method', random.pick(['POST', 'PUT', 'DELETE', 'PATCH']), '/stream', [405])],
    [1, () => request('a preflight', 'OPTIONS', '/stream', [204])],
    [2, () => request('a path that is not there', 'GET', random.pick(strangePaths), [400, 404, 414])],
    [6, () => request('a wish that is none', 'GET', `/stream?${wrongQuery(random)}`, [400, 414, 503])],
  ])()
}

function stream(random: Random): FuzzCase {
  return request(
    'the stream',
    'GET',
    `/stream?${query(random)}`,
    [200, 400, 414, 503],
    [
      `Last-Event-ID: ${random.pick(['', '0', '-1', '1e99', 'x'.repeat(2000), '../../x', '%00', '\xff\xfe', '1,2', '{}'])}`,
    ],
  )
}

function request(
  name: string,
  method: string,
  target: string,
  statuses: readonly number[],
  headers: readonly string[] = [],
): FuzzCase {
  const head = [`${method} ${target} HTTP/1.1`, 'Host: localhost', ...headers, '', ''].join('\r\n')
  const bytes = Buffer.from(head, 'latin1')
  return { name, bytes, entries: [], fate: 'never', statuses, isHead: method === 'HEAD' }
}

const strangePaths = [
  '/',
  '/streams',
  '/stream/',
  '//stream',
  '/%73tream',
  '/stream%00',
  '/../stream',
  '/a'.repeat(3000),
]

function query(random: Random): string {
  return Array.from({ length: random.integer(0, 3) }, () => random.pick(wishes)).join('&')
}

function wrongQuery(random: Random): string {
  const all = [query(random), random.pick(wrongWishes), query(random)].filter((part) => part !== '')
  return all.join('&')
}

const wishes = [
  'level=warn',
  'match=abc',
  'source=app.log',
  'backlog=10',
  'token=x',
  'match=(a|b)*c',
  'match=',
  'a[]=1',
]

const wrongWishes = [
  'level=loud',
  'level=warn&level=info',
  'match=(',
  'match=(?<=a)b',
  'match=a&match=b',
  'backlog=-1',
  'backlog=1e3',
  'backlog=99999999999999999999',
  `match=${'('.repeat(2000)}`,
  `match=${'a{1000}'.repeat(50)}`,
  `x=${'y'.repeat(9000)}`,
  `${'source=a&'.repeat(900)}source=b`,
  'match=%ff%fe',
  'whenUnknown=maybe',
]
