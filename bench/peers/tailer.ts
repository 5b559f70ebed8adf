/** What the followers of files have in common here. */

/** A follower that someone else wrote. */
export interface Tailer {
  /** Follows a file from its beginning, and calls back for each line, until the function that it returns is called. */
  follow(path: string, onLine: (line: string) => void): Promise<() => void | Promise<void>>
}
