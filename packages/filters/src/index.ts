export { type ByLevelOptions, byLevel } from './by-level.ts'
export { exclude } from './exclude.ts'
export { include } from './include.ts'
export type { MatchOptions, Pattern } from './pattern.ts'
