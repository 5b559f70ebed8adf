/** Takes out of what is shown whatever a URL in it may have of secrets. */

const userInUrl = /(\w:\/\/)[^/?#\s"'@]+@/g
const secretInQuery = /([?&][^=&\s]*(?:token|key|secret|passw|auth|sig)[^=&\s]*=)[^&\s#"']*/gi

/** A copy of some JSON in which URLs in texts have stars instead of users, passwords and tokens. */
export function withoutCredentials<Value>(value: Value): Value {
  if (typeof value === 'string') {
    return value.replace(userInUrl, '$1***@').replace(secretInQuery, '$1***') as Value
  }
  if (Array.isArray(value)) return value.map((each) => withoutCredentials(each)) as Value
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, withoutCredentials(each)])) as Value
}
