/** Where a server of this machine can be asked. */

/** The URL of a server that listens there: a name for all addresses is none to connect to. */
export function baseUrl({
  host,
  port,
  isSecure,
}: {
  readonly host: string
  readonly port: number
  readonly isSecure: boolean
}): URL {
  const name = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host
  return new URL(`${isSecure ? 'https' : 'http'}://${name.includes(':') ? `[${name}]` : name}:${port}/`)
}
