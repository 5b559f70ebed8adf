/** What a request asks for, taken apart without trusting a byte of it. */

/** Longer queries are refused: no filter needs one, and Node's own limit is on all headers together. */
const maxQueryChars = 8192

/** A request's path as it was written, and its query. */
export interface RequestTarget {
  readonly path: string
  readonly query: URLSearchParams
}

/** Why a target cannot be used: the status to answer with, and what to tell. */
export interface BadTarget {
  readonly status: 400 | 414
  readonly message: string
}

/**
 * Takes `req.url` apart. It is what the client wrote, or, mounted in a framework, what is left of it below the mount
 * path; proxies may send it whole, with scheme and host.
 */
export function requestTarget(url: string | undefined): RequestTarget | BadTarget {
  const local = (url ?? '/').replace(/^https?:\/\/[^/?#]*/i, '')
  const mark = local.indexOf('?')
  const path = mark === -1 ? local : local.slice(0, mark)
  const query = mark === -1 ? '' : local.slice(mark + 1)
  if (query.length > maxQueryChars) {
    return { status: 414, message: `the query has ${query.length} characters, at most ${maxQueryChars} are read` }
  }
  try {
    // URLSearchParams takes anything and puts U+FFFD where it understood nothing: a filter that nobody asked for.
    decodeURIComponent(query)
  } catch {
    return { status: 400, message: 'the query is not percent-encoded UTF-8: use encodeURIComponent on each value' }
  }
  return { path: path === '' ? '/' : path, query: new URLSearchParams(query) }
}
