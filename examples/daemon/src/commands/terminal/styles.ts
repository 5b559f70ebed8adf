/** Colours, where there are any. */

/** Makes text stand out; gives it back as it is where colours are not wanted. */
export type Style = (text: string) => string

/** The ways in which text stands out. */
export interface Styles {
  readonly bold: Style
  readonly dim: Style
  readonly red: Style
  readonly yellow: Style
  readonly green: Style
  readonly cyan: Style
}

const codes: Readonly<Record<keyof Styles, readonly [number, number]>> = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  yellow: [33, 39],
  green: [32, 39],
  cyan: [36, 39],
}

/**
 * Whether a stream gets colours. `FORCE_COLOR` decides first (`0` is no), then none with `NO_COLOR` or `TERM=dumb`, else
 * a terminal gets them: as `consoleSink` decides for entries.
 */
export function hasColors(stream: { readonly isTTY?: boolean }, environment: NodeJS.ProcessEnv): boolean {
  const forced = environment['FORCE_COLOR']
  if (forced !== undefined) return forced !== '0' && forced !== 'false'
  if ((environment['NO_COLOR'] ?? '') !== '' || environment['TERM'] === 'dumb') return false
  return stream.isTTY === true
}

/** The styles for a stream that has colours or not. */
export function styles(colors: boolean): Styles {
  const style = ([on, off]: readonly [number, number]): Style =>
    colors ? (text) => `\x1b[${on}m${text}\x1b[${off}m` : (text) => text
  return {
    bold: style(codes.bold),
    dim: style(codes.dim),
    red: style(codes.red),
    yellow: style(codes.yellow),
    green: style(codes.green),
    cyan: style(codes.cyan),
  }
}
