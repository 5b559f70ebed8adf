/** A dead letter: an entry in its wire form with, in front, why it was rejected. As one line of text, and back. */

import { randomUUID } from 'node:crypto'
import type { Rejection } from '../../dead-letter.ts'
import type { LogEntry } from '../../entry.ts'
import { LogwispError } from '../../errors.ts'
import type { Origin } from '../../origin.ts'
import { parseExact } from '../../parse-exact.ts'
import { encodeEntryWithId, entryFrom, wireIdFrom } from '../../wire.ts'

/** The name under which a rejection stands: in a line's object, and among the fields of an entry that comes from a sink. */
export const rejectedName = 'logwisp.rejected'

/** A longer reason is cut: some servers answer with a page. */
const maxReasonChars = 2000

/** An origin that knows how often its entry was rejected before: that of an entry that is replayed. */
export interface RejectedOrigin extends Origin {
  readonly timesRejected: number
}

/** What a line says. */
export interface Letter {
  readonly id: string | undefined
  /** Without a way back. */
  readonly entry: LogEntry
  readonly rejection: ToldRejection
}

/** Why an entry was rejected, as it is kept. */
export interface ToldRejection extends Rejection {
  /** When, in ms since the epoch; NaN when it is not said. */
  readonly time: number
  /** How often, this time included. */
  readonly times: number
}

/** The line, with its line feed. */
export function encodeLetter(entry: LogEntry, why: Rejection, now: number): Buffer {
  const { origin } = entry
  const id = wireIdFrom({ 'logwisp.id': origin?.id }) ?? randomUUID()
  const before = Number((origin as RejectedOrigin | undefined)?.timesRejected ?? 0)
  const rejected = {
    time: new Date(now).toISOString(),
    stage: why.stage ?? 'unknown',
    reason: shownReason(String(why.reason)),
    ...(why.status !== undefined && { status: why.status }),
    ...(why.endpoint !== undefined && { endpoint: shownReason(why.endpoint) }),
    ...(before > 0 && { times: before + 1 }),
  }
  const text = encodeEntryWithId({ ...entry, origin: { tracker: nobody, sequence: 0, id } })
  return Buffer.from(`{"${rejectedName}":${JSON.stringify(rejected)},${text.slice(1)}\n`)
}

const nobody = { acknowledge: () => {} }

/**
 * Reads a line, without its line feed. Any object in the wire form is one: who rejected it need not be said.
 *
 * @throws LogwispError `BAD_JSON`, `BAD_ENTRY`.
 */
export function decodeLetter(line: string, readAt: number): Letter {
  const value = parseExact(line)
  if (!isRecord(value)) throw new LogwispError('BAD_ENTRY', 'expected a JSON object')
  const { [rejectedName]: told, ...wire } = value
  const rejection = rejectionFrom(told)
  // What a time that no date can hold (`null` in the wire form) becomes; the time of the rejection is nearest.
  const defaults = { time: Number.isNaN(rejection.time) ? readAt : rejection.time, source: 'dead-letter' }
  return { id: wireIdFrom(wire), entry: entryFrom(wire, defaults), rejection }
}

function rejectionFrom(value: unknown): ToldRejection {
  const told = isRecord(value) ? value : {}
  const { time, times, reason, stage, endpoint, status } = told
  return {
    time: typeof time === 'string' ? Date.parse(time) : Number.NaN,
    times: Number.isInteger(times) ? Number(times) : 1,
    reason: typeof reason === 'string' ? reason : 'not said',
    ...(typeof stage === 'string' && { stage }),
    ...(typeof endpoint === 'string' && { endpoint }),
    ...(typeof status === 'number' && { status }),
  }
}

/** An entry that came from a sink's stream of rejected ones, as it was before; and why it is there. */
export function withoutRejection(entry: LogEntry): { readonly entry: LogEntry; readonly why: Rejection } {
  const told = entry.fields?.[rejectedName]
  if (!isRecord(told)) return { entry, why: { reason: 'not said' } }
  const { [rejectedName]: _, ...others } = entry.fields as Record<string, unknown>
  const { fields: __, ...rest } = entry
  const { id } = told
  const origin = entry.origin ?? (typeof id === 'string' ? { tracker: nobody, sequence: 0, id } : undefined)
  return {
    entry: { ...rest, ...(Object.keys(others).length > 0 && { fields: others }), ...(origin && { origin }) },
    why: rejectionFrom(told),
  }
}

/**
 * A reason as it may be shown and kept: without what is mostly a secret. Whoever rejects leaves out the secrets that it
 * knows; this is for those that nobody knows of.
 */
function shownReason(reason: string): string {
  const shown = reason
    .slice(0, 2 * maxReasonChars)
    .replaceAll(/\/\/[^/@\s]*@/g, '//')
    .replaceAll(/(\bhttps?:\/\/[^\s?#"'<>]*)\?[^\s"'<>]*/gi, '$1?[hidden]')
    .replaceAll(/\b(Bearer|Basic)\s+[\w.~+/=-]{8,}/gi, '$1 [hidden]')
  return shown.length > maxReasonChars ? `${shown.slice(0, maxReasonChars)}…` : shown
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
