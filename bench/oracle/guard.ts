/** Clears away after a run that was itself killed: its processes, and its small disks. What was written stays. */

import { spawn } from 'node:child_process'
import type { Socket } from 'node:net'

/**
 * Reads until whoever holds the other end of its standard input is gone, however that came. A run that has ended well
 * has left nothing to do.
 */
const script = `cat >/dev/null
for process in /proc/[0-9]*; do
  if grep -qsz "^ORACLE_RUN=$1\\$" "$process/environ"; then
    number=\${process#/proc/}
    kill -9 "$number"
    rm -f /dev/shm/*faketime_*_"$number"
  fi
done
while read -r _ place _; do
  case $place in "$2"/*) umount --lazy "$place" ;; esac
done </proc/mounts`

/** Watches over a run until this process is gone. `run` is the name that all its processes have in their environment. */
export function guard(run: string, directory: string): void {
  const child = spawn('sh', ['-c', script, 'oracle-guard', run, directory], {
    // In a group of its own: what ends ours must not end it.
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  child.on('error', () => {})
  child.unref()
  // A pipe to another process is a socket, and would keep this one from ending.
  ;(child.stdin as Socket).unref()
}
