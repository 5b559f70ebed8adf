/**
 * What becomes of an entry on one link of a pipeline when something breaks, as tables of rules: the first rule that applies
 * says it.
 */

/**
 * From weak to strong.
 * - `live`: seen by whoever looks.
 * - `at-most-once`: gone in a crash of one side, and nobody can tell.
 * - `drops`: dropped beyond a bound that the configuration sets, and counted.
 * - `conditional`: as good as what the other side does.
 * - `at-least-once`: never lost; may come twice after a crash.
 */
export const strengths = ['live', 'at-most-once', 'drops', 'conditional', 'at-least-once'] as const

/** One of {@link strengths}. */
export type Strength = (typeof strengths)[number]

/** What a link promises. */
export interface Guarantee {
  readonly strength: Strength
  /** In a sentence, without a full stop. */
  readonly words: string
  /** What would make it stronger; undefined where nothing in this configuration would. */
  readonly stronger: string | undefined
  /** What it does not cover: each case with its cause, and what to do about it. None of them is found in the promise. */
  readonly except: readonly string[]
}

/** A row of a table. */
export interface Rule<About> {
  readonly applies: (about: About) => boolean
  readonly strength: Strength
  readonly words: string | ((about: About) => string)
  readonly stronger?: string | ((about: About) => string)
  readonly except?: (about: About) => readonly string[]
}

/** For the last rule of a table. */
export const always = (): boolean => true

/** What the first rule that applies says; undefined when none does. */
export function guaranteeBy<About>(rules: readonly Rule<About>[], about: About): Guarantee | undefined {
  const rule = rules.find(({ applies }) => applies(about))
  if (rule === undefined) return undefined
  const { strength, words, stronger, except } = rule
  return {
    strength,
    words: typeof words === 'string' ? words : words(about),
    stronger: typeof stronger === 'function' ? stronger(about) : stronger,
    except: except?.(about) ?? [],
  }
}

/** `1,000`. */
export function counted(entries: number): string {
  return entries.toLocaleString('en-US')
}
