/** Levels as the database has them. */

import type { LevelWord } from '../log-query.ts'

/** A level's number in the database is its place here. */
export const storedLevels: readonly LevelWord[] = ['none', 'trace', 'debug', 'info', 'warn', 'error', 'fatal']
