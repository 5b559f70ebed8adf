/** Secrets by name, as the libraries take them. */

import type { Secret } from '../config/secret.ts'

/** The texts of secrets. */
export function revealed(secrets: Readonly<Record<string, Secret>>): Record<string, string> {
  return Object.fromEntries(Object.entries(secrets).map(([name, secret]) => [name, secret.reveal()]))
}
