/** The figures of a pipeline at a glance, out of its status and the one before. */

/**
 * @typedef {object} Figures
 * @property {string} name
 * @property {string} state
 * @property {string | undefined} stream the path of its live stream
 * @property {boolean} isLive whether it has one at all, here or elsewhere, for us or for others
 * @property {number | undefined} inPerSecond undefined until there are two looks to compare
 * @property {number | undefined} outPerSecond by the slowest sink
 * @property {number} taken
 * @property {number} filtered
 * @property {[string, number][]} dropped by reason
 * @property {number | undefined} viewers undefined when nobody can look
 * @property {number} queued
 * @property {number} restarts
 * @property {number | undefined} lagBytes of all files
 * @property {string | undefined} lastError
 */

/**
 * @param {any} now A PipelineStatus.
 * @param {any} before The one before, if any.
 * @param {number} seconds between the two
 * @returns {Figures}
 */
export function figuresOf(now, before, seconds) {
  const stages = [...now.sources, ...now.sinks]
  const watched = now.sinks.filter(({ viewers }) => viewers !== undefined)
  const files = now.sources.flatMap((source) => source.files ?? [])
  return {
    name: now.name,
    state: now.state,
    stream: now.endpoints?.stream,
    isLive: now.sinks.some(({ type }) => type === 'http'),
    inPerSecond: rate(now.total_processed, before?.total_processed, seconds),
    outPerSecond: slowest(now.sinks, before?.sinks, seconds),
    taken: now.total_processed,
    filtered: now.total_filtered,
    // What a filter took out is no loss, and has a figure of its own.
    dropped: Object.entries(now.dropped).filter(([reason, entries]) => reason !== 'filtered' && Number(entries) > 0),
    viewers: watched.length === 0 ? undefined : sum(watched, ({ viewers }) => viewers.length),
    queued: sum(now.sinks, ({ queue }) => queue.entries),
    restarts: sum(stages, ({ restarts }) => restarts),
    lagBytes: files.length === 0 ? undefined : sum(files, ({ lag }) => lag),
    lastError: now.last_error ?? stages.find(({ last_error }) => last_error !== undefined)?.last_error,
  }
}

/**
 * Entries a second by which a counter grew. A counter that went back was begun anew.
 *
 * @param {number} now
 * @param {number | undefined} before
 * @param {number} seconds
 */
export function rate(now, before, seconds) {
  return before === undefined || now < before || seconds <= 0 ? undefined : (now - before) / seconds
}

/** What the slowest of them delivered: the others wait for it, or drop. */
function slowest(sinks, before, seconds) {
  const rates = sinks
    .map(({ total_delivered }, place) => rate(total_delivered, before?.[place]?.total_delivered, seconds))
    .filter((value) => value !== undefined)
  return rates.length === 0 ? undefined : Math.min(...rates)
}

/**
 * @template Value
 * @param {readonly Value[]} values
 * @param {(value: Value) => number} of
 */
function sum(values, of) {
  return values.reduce((total, value) => total + of(value), 0)
}
