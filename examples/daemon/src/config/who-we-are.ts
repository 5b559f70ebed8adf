/** The user and the groups of this process. */

/** Our user's number; undefined where the system has none (Windows). */
export function ourUserId(): number | undefined {
  return process.geteuid?.()
}

/** Whether this process is in a group. */
export function isOurGroup(group: number): boolean {
  return process.getegid?.() === group || (process.getgroups?.() ?? []).includes(group)
}
