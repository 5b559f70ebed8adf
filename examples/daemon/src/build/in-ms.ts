/** Seconds of a configuration as the milliseconds of the libraries. */

/** Whole milliseconds; undefined stays what it is. */
export function inMs<Seconds extends number | undefined>(seconds: Seconds): Seconds {
  return (seconds === undefined ? undefined : Math.round(seconds * 1000)) as Seconds
}
