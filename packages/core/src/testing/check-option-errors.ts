/** Whether a factory refuses bad options, at once and by name. */

import assert from 'node:assert/strict'

/**
 * Calls `make` with options of which one is bad, and checks that it throws a `BAD_OPTION` that names the option; and
 * that it refuses an option that does not exist, and options that are no object.
 *
 * @param make The factory, with whatever else it needs filled in.
 * @param bad For each option the values that it must refuse, e.g. `{ maxEntries: [0, -1, 1.5, '10'] }`.
 * @param others Options that are given along, when one means nothing without another.
 *
 * @example
 * ```ts
 * import { memoryBuffer } from '@logwisp/core'
 * import { checkOptionErrors } from '@logwisp/core/testing'
 *
 * checkOptionErrors((options) => memoryBuffer(options), { maxEntries: [0, '10'], whenFull: ['wait'] })
 * ```
 */
export function checkOptionErrors(
  make: (options: never) => unknown,
  bad: Readonly<Record<string, readonly unknown[]>>,
  others: Readonly<Record<string, unknown>> = {},
): void {
  for (const [name, values] of Object.entries(bad)) {
    for (const value of values) refuses(make, { ...others, [name]: value }, name)
  }
  refuses(make, { ...others, noSuchOption: 1 }, 'noSuchOption')
  for (const options of [null, 5, 'text', []]) refuses(make, options, 'options')
}

function refuses(make: (options: never) => unknown, options: unknown, name: string): void {
  let made: unknown
  try {
    made = make(options as never)
  } catch (error) {
    const { code, message } = error as { code?: unknown; message: string }
    assert.equal(code, 'BAD_OPTION', `${show(options)} must be refused with the code BAD_OPTION, got ${String(error)}`)
    assert.ok(
      message.includes(`\`${name}\``),
      `the error for ${show(options)} must name \`${name}\`, it says: ${message}`,
    )
    return
  }
  ;(made as { destroy?: () => void } | undefined)?.destroy?.()
  assert.fail(`${show(options)} must be refused when the stage is made`)
}

function show(options: unknown): string {
  return JSON.stringify(options, (_, value: unknown) =>
    typeof value === 'object' || Number.isFinite(value) ? value : String(value),
  )
}
