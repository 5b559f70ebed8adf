/**
 * The database. Version 1.
 *
 * ```
 *   entries   what is stored. Its id is the entry's place in time, so the table is ordered by time and needs no index for it:
 *             63 ················ 14 13 ········ 0
 *             | ms since the epoch | turn in it |     a ms with more than 2^14 entries goes on in the next one
 *   sources   their names. `newest` is a ms that no entry of it is after: a source that was not seen for long can go.
 *   commits   what was stored in which order: up to 500 entries a row, their ids packed. A live tail and the index follow it.
 *   spans     which ids of sources are stored: an id `stream:place` being two parts of it, a row per transaction and stream
 *   counts    entries per second, minute and hour, and level: a histogram of millions reads a few hundred rows. `unit` is
 *             the length, `time` the beginning, both in ms.
 *   words     the inverted index: words of message and fields, and, as words that nobody writes, level, source and field=value
 *   facts     indexedSeq: the last commit that the index has · maxSpillMs: how much later than its time an entry stands at
 *             most (but those at the ends) · widestSpan: the greatest `last - first`
 * ```
 *
 * Each of commits, spans and words costs a fraction of an index over entries: two of those took two thirds of the speed.
 */

/**
 * Bits of an id below its ms: 16 384 entries in a ms, or of a second whose ms a log does not tell. More would cost: the index keeps
 * the distance between ids for each word of each entry. With 20 bits it was a fifth larger, and took an eighth longer to make.
 */
export const turnBits = 14

/** No entry's slot is further from the epoch. */
export const maxSlotMs: number = 2 ** 43 - 2 ** 24

/**
 * The times up to which an entry stands in its own ms, or a later one when that is full: the years 1692 to 2248. Those
 * beyond stand between here and {@link maxSlotMs}, in the order in which they came, with their own `time`.
 */
export const maxOwnSlotMs: number = maxSlotMs - 2 ** 24

/** What `PRAGMA application_id` says: "LgWp". */
export const applicationId = 0x4c675770

export const schemaVersion = 1

export const schema = `
CREATE TABLE entries (
  id INTEGER PRIMARY KEY,
  level INTEGER NOT NULL,
  source INTEGER NOT NULL,
  message TEXT NOT NULL,
  fields TEXT,
  time REAL
) STRICT;
CREATE TABLE sources (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, newest INTEGER NOT NULL) STRICT;
CREATE TABLE commits (seq INTEGER PRIMARY KEY, entries INTEGER NOT NULL, ids BLOB NOT NULL) STRICT;
CREATE TABLE spans (
  stream TEXT NOT NULL,
  last INTEGER NOT NULL,
  first INTEGER NOT NULL,
  newest INTEGER NOT NULL,
  places BLOB NOT NULL,
  PRIMARY KEY (stream, last)
) STRICT, WITHOUT ROWID;
CREATE TABLE counts (
  unit INTEGER NOT NULL,
  time INTEGER NOT NULL,
  level INTEGER NOT NULL,
  entries INTEGER NOT NULL,
  PRIMARY KEY (unit, time, level)
) STRICT, WITHOUT ROWID;
CREATE VIRTUAL TABLE words USING fts5(
  text, content='', contentless_delete=1, detail=none, tokenize="unicode61 remove_diacritics 2"
);
CREATE TABLE facts (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
`
