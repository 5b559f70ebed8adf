/** Several access controls and one request: a page that tells of all of them, to each what is theirs. */

import type { IncomingMessage } from 'node:http'
import type { AccessControl, Standing } from './access.ts'

/**
 * Asks each access control what whoever sent a request may do, in their order. Never rejects.
 *
 * A request shows one password or token. Where it is somebody's at one of them, it is no guess at the others, and does not
 * count as one: or else whoever has the right to look at one would be kept out of all by looking. Where it is nobody's
 * anywhere, it counts as a wrong one everywhere. From the request rates of each, one is taken.
 *
 * @example
 * ```ts
 * import { createServer } from 'node:http'
 * import { accessControl, isRefusal, standings } from '@logwisp/core/server'
 *
 * const shop = accessControl({ tokens: { ann: { hash: process.env['SHOP_TOKEN_SHA256'] ?? '' } } })
 * const bank = accessControl({ tokens: { bob: { hash: process.env['BANK_TOKEN_SHA256'] ?? '' } } })
 * createServer(async (req, res) => {
 *   const [ofShop, ofBank] = await standings(req, [shop, bank])
 *   const mayRead = (standing: typeof ofShop): boolean => standing !== undefined && !isRefusal(standing.may('status'))
 *   res.end(JSON.stringify({ shop: mayRead(ofShop), bank: mayRead(ofBank) }))
 * }).listen(8080, '127.0.0.1')
 * ```
 */
export async function standings(req: IncomingMessage, controls: readonly AccessControl[]): Promise<Standing[]> {
  const found = await Promise.all(controls.map((control) => control.standing(req)))
  if (found.some(({ isKnown }) => isKnown)) for (const { pardon } of found) pardon()
  return found
}
