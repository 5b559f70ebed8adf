/** Who decides what is left open: every possibility one after the other, or a seeded draw. */

/** Decides. */
export interface Choices {
  /** One of `count` possibilities, from 0. */
  pick(count: number): number
}

/** Decides by lot, the same for the same numbers. `random` gives numbers from 0 up to 1. */
export function drawn(random: () => number): Choices {
  return { pick: (count) => Math.floor(random() * count) }
}

/**
 * Runs `run` once for each way in which its choices can fall, and returns how many there were. What it does must depend
 * on nothing but its choices.
 */
export async function forEveryChoice(run: (choices: Choices) => void | Promise<void>): Promise<number> {
  const path: { count: number; taken: number }[] = []
  for (let runs = 1; ; runs++) {
    let depth = 0
    const pick = (count: number): number => {
      const known = path[depth++]
      if (known !== undefined) return known.taken
      path.push({ count, taken: 0 })
      return 0
    }
    await run({ pick })
    let last = path.at(-1)
    for (; last !== undefined && last.taken === last.count - 1; last = path.at(-1)) path.pop()
    if (last === undefined) return runs
    last.taken++
  }
}
