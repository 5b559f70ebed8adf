/**
 * Ids of origins, as the store keeps them. Most end in `:<integer>` that grows from entry to entry, as `<file>:<byte
 * offset>` does: a stream and a place in it. The places of one transaction and stream are one row, one or two bytes each.
 */

export interface OriginPlace {
  readonly stream: string
  readonly place: number
}

/** The place of an id that has no integer at its end. */
const noPlace = -1

/** At most so many digits are read as a place: any such number is exact. */
const maxPlaceDigits = 15

/** The two parts of an id. No two ids have the same two. */
export function splitOriginId(id: string): OriginPlace {
  const colon = id.lastIndexOf(':')
  const digits = id.length - colon - 1
  if (colon < 0 || digits === 0 || digits > maxPlaceDigits) return { stream: id, place: noPlace }
  let place = 0
  for (let at = colon + 1; at < id.length; at++) {
    const digit = id.charCodeAt(at) - 48
    if (digit < 0 || digit > 9) return { stream: id, place: noPlace }
    place = place * 10 + digit
  }
  // `x:07` is another id than `x:7`.
  if (digits > 1 && id.charCodeAt(colon + 1) === 48) return { stream: id, place: noPlace }
  return { stream: id.slice(0, colon), place }
}

/** Ascending places as the differences between them: each in groups of 7 bits, the lowest first. */
export function packPlaces(places: readonly number[]): Buffer {
  const packed = Buffer.allocUnsafe(places.length * 8)
  let at = 0
  let before = places[0] ?? 0
  // The first one is the row's `first`.
  for (let index = 1; index < places.length; index++) {
    const place = places[index] as number
    let rest = place - before
    before = place
    while (rest >= 128) {
      packed[at++] = (rest % 128) | 128
      rest = Math.floor(rest / 128)
    }
    packed[at++] = rest
  }
  return packed.subarray(0, at)
}

/** The places of {@link packPlaces}, the first of which is known. */
export function unpackPlaces(first: number, packed: Uint8Array): number[] {
  const places = [first]
  let place = first
  for (let at = 0; at < packed.length; ) {
    let unit = 1
    for (;;) {
      const byte = packed[at++] as number
      place += (byte % 128) * unit
      if (byte < 128) break
      unit *= 128
    }
    places.push(place)
  }
  return places
}
