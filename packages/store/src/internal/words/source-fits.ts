/** Which sources a name in a query means. */

/** Whether `name` is `wanted`, or a path that ends in it: `app.log` fits `/var/log/app.log`, not `/var/log/myapp.log`. */
export function sourceFits(name: string, wanted: string): boolean {
  if (name === wanted) return true
  if (!name.endsWith(wanted)) return false
  return isSeparator(wanted[0]) || isSeparator(name[name.length - wanted.length - 1])
}

function isSeparator(character: string | undefined): boolean {
  return character === '/' || character === '\\'
}
