/** A question of which only the newest answer counts. */

/**
 * Calls `ask`, and calls off the call before if that has no answer yet. Resolves with undefined when it was called off
 * itself.
 */
export function latest<Args extends readonly unknown[], Answer>(
  ask: (signal: AbortSignal, ...args: Args) => Promise<Answer>,
): ((...args: Args) => Promise<Answer | undefined>) & { cancel(): void } {
  let current: AbortController | undefined
  const call = async (...args: Args): Promise<Answer | undefined> => {
    current?.abort()
    const own = new AbortController()
    current = own
    try {
      const answer = await ask(own.signal, ...args)
      return own.signal.aborted ? undefined : answer
    } catch (error) {
      if (own.signal.aborted) return undefined
      throw error
    }
  }
  return Object.assign(call, { cancel: () => current?.abort() })
}
