/** What a generator of nonsense wants from chance, all of it from one seed. */

import { seededRandom } from '../harness/seeded-random.ts'

/** The numbers of one seed. The same calls in the same order give the same answers, on every machine. */
export class Random {
  readonly #next: () => number

  constructor(seed: number) {
    this.#next = seededRandom(seed)
  }

  /** The generator of one part of a larger run: it depends on nothing but these two numbers. */
  static of(seed: number, part: number): Random {
    return new Random(Math.imul(seed + 1, 0x9e37_79b1) ^ Math.imul(part + 1, 0x85eb_ca6b))
  }

  /** A whole number of at least `min` and at most `max`. */
  integer(min: number, max: number): number {
    return min + Math.floor(this.#next() * (max - min + 1))
  }

  /** True in so many of a hundred cases. */
  percent(share: number): boolean {
    return this.#next() * 100 < share
  }

  /** One of a list. */
  pick<Item>(list: readonly Item[]): Item {
    return list[Math.floor(this.#next() * list.length)] as Item
  }

  /** One of a table's values, each as often as its share says. */
  weighted<Item>(table: readonly (readonly [share: number, item: Item])[]): Item {
    let left = this.#next() * table.reduce((sum, [share]) => sum + share, 0)
    for (const [share, item] of table) {
      left -= share
      if (left < 0) return item
    }
    return (table.at(-1) as readonly [number, Item])[1]
  }

  /** Any bytes. */
  bytes(length: number): Buffer {
    const bytes = Buffer.allocUnsafe(length)
    for (let at = 0; at < length; at++) bytes[at] = Math.floor(this.#next() * 256)
    return bytes
  }

  /** Any bytes but those. */
  bytesBut(length: number, but: readonly number[]): Buffer {
    const bytes = this.bytes(length)
    for (let at = 0; at < length; at++) if (but.includes(bytes[at] as number)) bytes[at] = 0x2e
    return bytes
  }

  /** A number that breaks things: at the edges of what fits somewhere. */
  edge(): number {
    return this.pick(edges)
  }
}

const edges = [0, -1, 1, 0xff, 0xffff, 0x1_0000, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 2 ** 53, 1e21, -(2 ** 31)]
