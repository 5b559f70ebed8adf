/** What the live streams over HTTP are told alike. */

import { urlPath } from '../primitives.ts'
import { heartbeat } from '../servers.ts'

/** The path that shows the status. */
export const statusPath = urlPath.default('/status').describe('The path of the status.')

/** Signs of life of the streams over HTTP. */
export const heartbeats = heartbeat.prefault({}).describe('What viewers that hear nothing get.')
