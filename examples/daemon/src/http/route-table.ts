/** Which path of a port is whose: exact paths, and those whose stage is being exchanged. */

import { LogwispError } from '@logwisp/core'
import type { HttpMount, Route } from './port-host.ts'

interface Place {
  readonly mount: HttpMount
  readonly holder: object
}

/** Whose a path is. `awaited`: nobody's now, but it was somebody's, and may be again in a moment. */
export type Whose = { readonly mounts: readonly HttpMount[] } | 'awaited' | 'nobody'

/** The paths of one port. */
export class RouteTable {
  readonly #places = new Map<string, Place[]>()
  readonly #awaited = new Set<string>()
  /** Until the first {@link settle} stages are still being made, and any path may be one of theirs. */
  #isSettled = false

  /** Whether a path that is unknown may be somebody's in a moment. */
  get isSettled(): boolean {
    return this.#isSettled
  }

  /** All that is mounted, in the order of its coming. */
  get routes(): readonly Route[] {
    return [...this.#places].flatMap(([path, places]) => places.map(({ mount }) => ({ path, mount })))
  }

  /**
   * Gives a mount its paths. The daemon's own answers (status without a handler) may share one.
   *
   * @throws LogwispError `LISTEN_FAILED` when one of them is somebody else's; none is given then
   */
  add(mount: HttpMount, holder: object, place: string): void {
    for (const path of mount.paths) {
      const there = this.#places.get(path)
      if (there === undefined || [mount, ...there.map((each) => each.mount)].every(isShareable)) continue
      const owner = there[0]?.mount.pipeline
      const whose = owner === undefined ? "the daemon's own" : `that of the pipeline '${owner}'`
      const message = `${path} on ${place} is ${whose} already: give one of them another path or port`
      throw new LogwispError('LISTEN_FAILED', message)
    }
    for (const path of mount.paths) {
      this.#places.set(path, [...(this.#places.get(path) ?? []), { mount, holder }])
      this.#awaited.delete(path)
    }
  }

  /** Takes back what a holder has; its paths are awaited from now on. */
  remove(holder: object): void {
    for (const [path, places] of this.#places) {
      const others = places.filter((place) => place.holder !== holder)
      if (others.length === places.length) continue
      if (others.length > 0) this.#places.set(path, others)
      else {
        this.#places.delete(path)
        this.#awaited.add(path)
      }
    }
  }

  /** Whose this path is. */
  find(path: string): Whose {
    const places = this.#places.get(path)
    if (places !== undefined) return { mounts: places.map(({ mount }) => mount) }
    return this.#awaited.has(path) ? 'awaited' : 'nobody'
  }

  /** Nothing is awaited any more. */
  settle(): void {
    this.#awaited.clear()
    this.#isSettled = true
  }
}

function isShareable({ kind, handler, handleUpgrade }: HttpMount): boolean {
  return kind === 'status' && handler === undefined && handleUpgrade === undefined
}
