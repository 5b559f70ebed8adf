/**
 * What LogWisps tell each other over a WebSocket beside entries: a JSON object whose first name is `logwisp`, which no
 * entry has. `{"logwisp":"dropped","entries":12,"reason":"too-slow"}`.
 */

/** What it says. */
export interface ControlFrame {
  /** E.g. `open`, `dropped`, `end`, `heartbeat`, `hello`. */
  readonly kind: string
  readonly more: Readonly<Record<string, unknown>>
}

/** How each of them begins. An entry that has its id in front begins with `{"logwisp.id"`. */
export const controlOpening = '{"logwisp":"'

/** Reads one; undefined when it is none. */
export function controlFrame(text: string): ControlFrame | undefined {
  if (!text.startsWith(controlOpening)) return undefined
  try {
    const { logwisp, ...more } = JSON.parse(text) as Record<string, unknown>
    // Somebody else's entry may have a field of this name.
    if (typeof logwisp !== 'string' || Object.hasOwn(more, 'message') || Object.hasOwn(more, 'msg')) return undefined
    return { kind: logwisp, more }
  } catch {
    return undefined
  }
}
