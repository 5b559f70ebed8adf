/** Whether the users, tokens and keys of a configuration are some that a server can check. */

import { LogwispError } from '@logwisp/core'
import { accessControl } from '@logwisp/core/server'
import { credentialsFor } from '../../build/credentials.ts'
import { listeningStages } from '../../config/checks/listening-stages.ts'
import type { Config } from '../../config/schema.ts'
import type { Finding } from '../finding.ts'

/** Makes the rules of each server, and lets them go. Files of users and tokens are read. */
export function checkCredentials(config: Config): readonly Finding[] {
  const tables = new Map(listeningStages(config).map(({ auth, authPath }) => [authPath, auth]))
  return [...tables].flatMap(([path, auth]): Finding[] => {
    try {
      accessControl(credentialsFor(auth, path))
      return []
    } catch (error) {
      if (!(error instanceof LogwispError)) throw error
      return [{ severity: 'problem', path, message: error.message.replace(`${path}: `, '') }]
    }
  })
}
