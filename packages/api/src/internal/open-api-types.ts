/** Made from the OpenAPI document by openapi-typescript; do not edit. */

export interface paths {
    readonly "/logs": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * A page of entries, oldest first
         * The newest by default. `Link` has the pages before (`prev`) and after (`next`). At most one of `before`, `after`, `around`.
         */
        readonly get: operations["getEntries"];
        readonly put?: never;
        /**
         * Store entries
         * Answered once they are stored. All of them or none.
         */
        readonly post: operations["addEntries"];
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/logs/entries/{id}": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** One entry */
        readonly get: operations["getEntry"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/logs/histogram": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** How many entries, by time and level */
        readonly get: operations["getHistogram"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/logs/completions": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** What could be written next in a query */
        readonly get: operations["getCompletions"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/logs/stream": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /**
         * Entries as they are stored
         * Server-sent events: first `open` (StreamOpen), then one event for each entry (Entry), or `entries` (an array of them) with `batch=1`; `gap` (StreamGap) when some were left out; `end` (StreamEnd).
         */
        readonly get: operations["streamEntries"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/logs/export": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** All entries, as a file, oldest first */
        readonly get: operations["exportEntries"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/healthz": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** Whether the service works */
        readonly get: operations["getHealth"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/metrics": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** Numbers for Prometheus */
        readonly get: operations["getMetrics"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
    readonly "/openapi.json": {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        /** This document */
        readonly get: operations["getDocument"];
        readonly put?: never;
        readonly post?: never;
        readonly delete?: never;
        readonly options?: never;
        readonly head?: never;
        readonly patch?: never;
        readonly trace?: never;
    };
}
export interface components {
    schemas: {
        /** A stored entry. */
        readonly Entry: {
            /** Where it stands in the store. */
            readonly id: components["schemas"]["EntryId"];
            /**
             * When it was written: RFC 3339, UTC, ms. `null` for a time that no date can hold.
             * @example 2026-01-31T23:59:59.999Z
             */
            readonly time: string | null;
            /**
             * Who wrote it.
             * @example app.log
             */
            readonly source: string;
            readonly level?: components["schemas"]["Level"];
            /** Its text. */
            readonly message: string;
            /** What else it says. Numbers have all their digits: read them with a parser that keeps those. */
            readonly fields?: {
                readonly [key: string]: unknown;
            };
        };
        /**
         * Where an entry stands in its store: opaque text, the same for as long as it is stored. Also a place to page from.
         * @example m3k2x1a0-0
         */
        readonly EntryId: string;
        /**
         * A place in the order in which entries were stored, from which a stream goes on without a gap: opaque.
         * @example 42.0
         */
        readonly LivePosition: string;
        /**
         * How grave it is; absent when nobody knows.
         * @enum {string}
         */
        readonly Level: "trace" | "debug" | "info" | "warn" | "error" | "fatal";
        /** A page of entries, oldest first. */
        readonly EntryPage: {
            readonly entries: readonly components["schemas"]["Entry"][];
            /** `before` of the page before this one; absent when there is none. */
            readonly older?: components["schemas"]["EntryId"];
            /** `after` of the page after this one; absent when there was none. */
            readonly newer?: components["schemas"]["EntryId"];
            /** False when the time was up first: `older` or `newer` goes on from where it had come. */
            readonly isComplete: boolean;
            /**
             * Format: date-time
             * How far a page that is not complete has looked.
             */
            readonly searchedTo?: string;
            /** All that was stored after this page was looked up comes after this in the stream. */
            readonly live: components["schemas"]["LivePosition"];
        };
        /** How many entries of each level, and of none; those that there are. */
        readonly LevelCounts: {
            readonly trace?: number;
            readonly debug?: number;
            readonly info?: number;
            readonly warn?: number;
            readonly error?: number;
            readonly fatal?: number;
            readonly none?: number;
        };
        /** How many entries there are, by time and level. Times are ms since the epoch. */
        readonly Histogram: {
            /** The first bucket’s time: a whole number of `bucketMs` since the epoch. */
            readonly from: number;
            /** The end of the last bucket. */
            readonly to: number;
            /** How long a bucket is. */
            readonly bucketMs: number;
            /** Only those with entries, by time. */
            readonly buckets: readonly {
                readonly time: number;
                readonly counts: components["schemas"]["LevelCounts"];
            }[];
            /** Of all buckets together. */
            readonly counts: components["schemas"]["LevelCounts"];
            /** False when the time was up first: then only what is not older than `countedFrom` was counted. */
            readonly isComplete: boolean;
            readonly countedFrom?: number;
        };
        /** What could be written next in a query. */
        readonly Completions: {
            readonly completions: readonly {
                readonly text: string;
                /** How many entries have it, when that is known cheaply. */
                readonly entries?: number;
            }[];
        };
        /** The first event of a stream, `open`. */
        readonly StreamOpen: {
            readonly live: components["schemas"]["LivePosition"];
        };
        /** The event `gap`: entries were left out, because the viewer was too slow or came back too late. */
        readonly StreamGap: {
            /** How many; `null` when nobody can tell. */
            readonly entries: number | null;
            /** Their oldest time when known, in ms since the epoch. */
            readonly from: number | null;
            /** Their newest time when known: ask a page for what is between. */
            readonly to: number | null;
        };
        /** The event `end`: nothing more comes on this connection. */
        readonly StreamEnd: {
            /**
             * `stopped`: the server stops. `failed`: the store can not be read.
             * @enum {string}
             */
            readonly reason: "stopped" | "failed";
        };
        /** An entry to store. `msg`, `timestamp`, `ts`, `@timestamp` and `severity` are read too; other names become fields. */
        readonly NewEntry: {
            /** Its text; what is no text counts as its JSON. */
            readonly message?: unknown;
            /** RFC 3339, or s, ms, µs or ns since the epoch. Now, when absent. */
            readonly time?: string | number;
            /** A level by name, by a usual alias, or by pino’s number. */
            readonly level?: string | number;
            readonly source?: string;
            readonly fields?: {
                readonly [key: string]: unknown;
            };
        } & {
            readonly [key: string]: unknown;
        };
        /** What became of entries that were sent. */
        readonly Inserted: {
            /** @constant */
            readonly status: "success";
            /** How many are stored now. */
            readonly inserted: number;
            /** How many had come before, by their id; absent when none. */
            readonly repeated?: number;
            /** Those that were left out, up to ten. */
            readonly errors?: readonly components["schemas"]["EntryProblem"][];
        };
        /** An entry that can not be read. */
        readonly EntryProblem: {
            /** Its place in the array, from 0. */
            readonly entry?: number;
            /** Its line, from 1. */
            readonly line?: number;
            readonly message: string;
        };
        /** Why there is no answer. */
        readonly Problem: {
            /**
             * The status in words.
             * @example Bad Request
             */
            readonly error: string;
            /** What is wrong, and what to do. */
            readonly message: string;
            /** The parameter that is wrong. */
            readonly parameter?: string;
            /** Why somebody is not let in. */
            readonly reason?: string;
            /** Of the entries that were sent: those that were taken all the same. */
            readonly accepted?: number;
            readonly total?: number;
            readonly errors?: readonly components["schemas"]["EntryProblem"][];
        } & {
            readonly [key: string]: unknown;
        };
        /** Whether the service works. */
        readonly Health: {
            /** @enum {string} */
            readonly status: "ok" | "failing";
        };
    };
    responses: {
        /** The request can not be understood; `parameter` says where. */
        readonly Problem400: {
            headers: {
                readonly [name: string]: unknown;
            };
            content: {
                readonly "application/json": components["schemas"]["Problem"];
            };
        };
        /** It must be shown who asks. */
        readonly Problem401: {
            headers: {
                readonly [name: string]: unknown;
            };
            content: {
                readonly "application/json": components["schemas"]["Problem"];
            };
        };
        /** Whoever asks may not do this, or is not let in. */
        readonly Problem403: {
            headers: {
                readonly [name: string]: unknown;
            };
            content: {
                readonly "application/json": components["schemas"]["Problem"];
            };
        };
        /** There is no such entry. */
        readonly Problem404: {
            headers: {
                readonly [name: string]: unknown;
            };
            content: {
                readonly "application/json": components["schemas"]["Problem"];
            };
        };
        /** The body came too slowly. */
        readonly Problem408: {
            headers: {
                readonly [name: string]: unknown;
            };
            content: {
                readonly "application/json": components["schemas"]["Problem"];
            };
        };
        /** Neither `Content-Length` nor chunks. */
        readonly Problem411: {
            headers: {
                readonly [name: string]: unknown;
            };
            content: {
                readonly "application/json": components["schemas"]["Problem"];
            };
        };
        /** The body, or an entry in it, is too large. */
        readonly Problem413: {
            headers: {
                readonly [name: string]: unknown;
            };
            content: {
                readonly "application/json": components["schemas"]["Problem"];
            };
        };
        /** The query is too long. */
        readonly Problem414: {
            headers: {
                readonly [name: string]: unknown;
            };
            content: {
                readonly "application/json": components["schemas"]["Problem"];
            };
        };
        /** The body’s type, charset or coding is not read. */
        readonly Problem415: {
            headers: {
                readonly [name: string]: unknown;
            };
            content: {
                readonly "application/json": components["schemas"]["Problem"];
            };
        };
        /** Too much was asked for; `Retry-After` says when to come again. */
        readonly Problem429: {
            headers: {
                readonly [name: string]: unknown;
            };
            content: {
                readonly "application/json": components["schemas"]["Problem"];
            };
        };
        /** Something went wrong here. */
        readonly Problem500: {
            headers: {
                readonly [name: string]: unknown;
            };
            content: {
                readonly "application/json": components["schemas"]["Problem"];
            };
        };
        /** The body’s transfer coding is not read. */
        readonly Problem501: {
            headers: {
                readonly [name: string]: unknown;
            };
            content: {
                readonly "application/json": components["schemas"]["Problem"];
            };
        };
        /** Not at this time; `Retry-After` says when to come again. */
        readonly Problem503: {
            headers: {
                readonly [name: string]: unknown;
            };
            content: {
                readonly "application/json": components["schemas"]["Problem"];
            };
        };
        /** The entries were taken, but it is not known whether they are stored: send them again with the same key. */
        readonly Problem504: {
            headers: {
                readonly [name: string]: unknown;
            };
            content: {
                readonly "application/json": components["schemas"]["Problem"];
            };
        };
    };
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export interface operations {
    readonly getEntries: {
        readonly parameters: {
            readonly query?: {
                /** What is looked for, as in `level:error source:api -healthz "exact words" /regex/ field.user=42`. */
                readonly q?: string;
                /** Entries not before this: RFC 3339, ms since the epoch, or relative to now: `-15m` (`s`, `m`, `h`, `d`, `w`). */
                readonly from?: string;
                /** Entries before this: RFC 3339, ms since the epoch, or relative to now: `-15m` (`s`, `m`, `h`, `d`, `w`). */
                readonly to?: string;
                /** The page before this entry, which need not be there any more. */
                readonly before?: components["schemas"]["EntryId"];
                /** The page after this entry, which need not be there any more. */
                readonly after?: components["schemas"]["EntryId"];
                /** Half of the page before this, half at or after it: an entry by its id, or a time (RFC 3339, ms since the epoch, or relative to now: `-15m` (`s`, `m`, `h`, `d`, `w`)). */
                readonly around?: components["schemas"]["EntryId"] | string;
                /** Entries on the page. */
                readonly limit?: number;
                /** `messages`: an array of texts. `entries`: whole entries and the way to other pages. `ndjson`: an entry on each line. */
                readonly format?: "messages" | "entries" | "ndjson";
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** A page of entries, oldest first */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": readonly string[];
                    readonly "application/vnd.logwisp.entries+json": components["schemas"]["EntryPage"];
                    readonly "application/x-ndjson": string;
                };
            };
            readonly 400: components["responses"]["Problem400"];
            readonly 401: components["responses"]["Problem401"];
            readonly 403: components["responses"]["Problem403"];
            readonly 414: components["responses"]["Problem414"];
            readonly 429: components["responses"]["Problem429"];
            readonly 500: components["responses"]["Problem500"];
            readonly 503: components["responses"]["Problem503"];
        };
    };
    readonly addEntries: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody: {
            readonly content: {
                readonly "application/json": components["schemas"]["NewEntry"] | readonly components["schemas"]["NewEntry"][];
                readonly "application/x-ndjson": string;
                readonly "text/plain": string;
            };
        };
        readonly responses: {
            /** Store entries */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Inserted"];
                };
            };
            readonly 400: components["responses"]["Problem400"];
            readonly 401: components["responses"]["Problem401"];
            readonly 403: components["responses"]["Problem403"];
            readonly 408: components["responses"]["Problem408"];
            readonly 411: components["responses"]["Problem411"];
            readonly 413: components["responses"]["Problem413"];
            readonly 414: components["responses"]["Problem414"];
            readonly 415: components["responses"]["Problem415"];
            readonly 429: components["responses"]["Problem429"];
            readonly 500: components["responses"]["Problem500"];
            readonly 501: components["responses"]["Problem501"];
            readonly 503: components["responses"]["Problem503"];
            readonly 504: components["responses"]["Problem504"];
        };
    };
    readonly getEntry: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path: {
                /** The entry. */
                readonly id: components["schemas"]["EntryId"];
            };
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** One entry */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Entry"];
                };
            };
            readonly 400: components["responses"]["Problem400"];
            readonly 401: components["responses"]["Problem401"];
            readonly 403: components["responses"]["Problem403"];
            readonly 404: components["responses"]["Problem404"];
            readonly 414: components["responses"]["Problem414"];
            readonly 429: components["responses"]["Problem429"];
            readonly 500: components["responses"]["Problem500"];
            readonly 503: components["responses"]["Problem503"];
        };
    };
    readonly getHistogram: {
        readonly parameters: {
            readonly query?: {
                /** What is looked for, as in `level:error source:api -healthz "exact words" /regex/ field.user=42`. */
                readonly q?: string;
                /** Entries not before this: RFC 3339, ms since the epoch, or relative to now: `-15m` (`s`, `m`, `h`, `d`, `w`). */
                readonly from?: string;
                /** Entries before this: RFC 3339, ms since the epoch, or relative to now: `-15m` (`s`, `m`, `h`, `d`, `w`). */
                readonly to?: string;
                /** About how many buckets: no more, of a round length. */
                readonly buckets?: number;
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** How many entries, by time and level */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Histogram"];
                };
            };
            readonly 400: components["responses"]["Problem400"];
            readonly 401: components["responses"]["Problem401"];
            readonly 403: components["responses"]["Problem403"];
            readonly 414: components["responses"]["Problem414"];
            readonly 429: components["responses"]["Problem429"];
            readonly 500: components["responses"]["Problem500"];
            readonly 503: components["responses"]["Problem503"];
        };
    };
    readonly getCompletions: {
        readonly parameters: {
            readonly query: {
                /** What is to be completed. */
                readonly of: "source" | "field" | "value";
                /** The field whose values are asked for, for `of=value`. */
                readonly path?: string;
                /** How it begins. */
                readonly prefix?: string;
                /** The most that are told. */
                readonly limit?: number;
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** What could be written next in a query */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Completions"];
                };
            };
            readonly 400: components["responses"]["Problem400"];
            readonly 401: components["responses"]["Problem401"];
            readonly 403: components["responses"]["Problem403"];
            readonly 414: components["responses"]["Problem414"];
            readonly 429: components["responses"]["Problem429"];
            readonly 500: components["responses"]["Problem500"];
            readonly 503: components["responses"]["Problem503"];
        };
    };
    readonly streamEntries: {
        readonly parameters: {
            readonly query?: {
                /** What is looked for, as in `level:error source:api -healthz "exact words" /regex/ field.user=42`. */
                readonly q?: string;
                /** Begin after this position; without it, with what is stored from now on. */
                readonly after?: components["schemas"]["LivePosition"];
                /** `1`: events named `entries`, each with an array of entries. */
                readonly batch?: "1";
            };
            readonly header?: {
                /** The same, as browsers send it when they come back. It wins. */
                readonly "Last-Event-ID"?: components["schemas"]["LivePosition"];
            };
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** Entries as they are stored */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "text/event-stream": string;
                };
            };
            readonly 400: components["responses"]["Problem400"];
            readonly 401: components["responses"]["Problem401"];
            readonly 403: components["responses"]["Problem403"];
            readonly 414: components["responses"]["Problem414"];
            readonly 429: components["responses"]["Problem429"];
            readonly 500: components["responses"]["Problem500"];
            readonly 503: components["responses"]["Problem503"];
        };
    };
    readonly exportEntries: {
        readonly parameters: {
            readonly query?: {
                /** What is looked for, as in `level:error source:api -healthz "exact words" /regex/ field.user=42`. */
                readonly q?: string;
                /** Entries not before this: RFC 3339, ms since the epoch, or relative to now: `-15m` (`s`, `m`, `h`, `d`, `w`). */
                readonly from?: string;
                /** Entries before this: RFC 3339, ms since the epoch, or relative to now: `-15m` (`s`, `m`, `h`, `d`, `w`). */
                readonly to?: string;
                /** How entries are written. */
                readonly format?: "ndjson" | "csv" | "text";
            };
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** All entries, as a file, oldest first */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/x-ndjson": string;
                    readonly "text/csv": string;
                    readonly "text/plain": string;
                };
            };
            readonly 400: components["responses"]["Problem400"];
            readonly 401: components["responses"]["Problem401"];
            readonly 403: components["responses"]["Problem403"];
            readonly 414: components["responses"]["Problem414"];
            readonly 429: components["responses"]["Problem429"];
            readonly 500: components["responses"]["Problem500"];
            readonly 503: components["responses"]["Problem503"];
        };
    };
    readonly getHealth: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** Whether the service works */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": components["schemas"]["Health"];
                };
            };
            readonly 400: components["responses"]["Problem400"];
            readonly 403: components["responses"]["Problem403"];
            readonly 414: components["responses"]["Problem414"];
            readonly 503: components["responses"]["Problem503"];
        };
    };
    readonly getMetrics: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** Numbers for Prometheus */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "text/plain": string;
                };
            };
            readonly 400: components["responses"]["Problem400"];
            readonly 401: components["responses"]["Problem401"];
            readonly 403: components["responses"]["Problem403"];
            readonly 414: components["responses"]["Problem414"];
            readonly 429: components["responses"]["Problem429"];
            readonly 500: components["responses"]["Problem500"];
            readonly 503: components["responses"]["Problem503"];
        };
    };
    readonly getDocument: {
        readonly parameters: {
            readonly query?: never;
            readonly header?: never;
            readonly path?: never;
            readonly cookie?: never;
        };
        readonly requestBody?: never;
        readonly responses: {
            /** This document */
            readonly 200: {
                headers: {
                    readonly [name: string]: unknown;
                };
                content: {
                    readonly "application/json": {
                        readonly [key: string]: unknown;
                    };
                };
            };
            readonly 400: components["responses"]["Problem400"];
            readonly 403: components["responses"]["Problem403"];
            readonly 414: components["responses"]["Problem414"];
        };
    };
}
