/**
 * The token that the reader gave, for as long as the tab is open. User names and passwords are the browser's own matter:
 * it asks for them by itself.
 */

const place = 'logwisp-token'

/** @returns {Record<string, string>} */
export function credentials() {
  const token = sessionStorage.getItem(place)
  return token === null ? {} : { Authorization: `Bearer ${token}` }
}

/** @param {string} token */
export function useToken(token) {
  sessionStorage.setItem(place, token)
}

export function forgetToken() {
  sessionStorage.removeItem(place)
}
