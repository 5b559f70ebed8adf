/** What a server says of when to come again: the header `Retry-After`, in both of its forms. */

/** The three forms of a date that HTTP has had; only the first is still written. */
const httpDate =
  /^(?:[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT|[A-Z][a-z]+day, \d{2}-[A-Z][a-z]{2}-\d{2} \d{2}:\d{2}:\d{2} GMT|[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d{2}:\d{2}:\d{2} \d{4})$/

/**
 * For how many ms a `Retry-After` asks to wait; 0 for a date that has passed. Undefined when the header is absent or neither seconds nor an
 * HTTP date (RFC 9110, 10.2.3): a number that is negative or broken says nothing.
 *
 * `now` is the time in ms since the epoch.
 */
export function retryAfterMs(header: string | readonly string[] | undefined, now: number): number | undefined {
  const text = (typeof header === 'string' ? header : header?.[0])?.trim()
  if (text === undefined) return undefined
  if (/^\d+$/.test(text)) return Number(text) * 1000
  if (!httpDate.test(text)) return undefined
  // The asctime form names no zone, and is UTC all the same.
  const time = Date.parse(text.endsWith('GMT') ? text : `${text} GMT`)
  return Number.isNaN(time) ? undefined : Math.max(0, time - now)
}
