#!/usr/bin/env bash
# logs.sh FROM TO: appends lines number FROM to TO to app.log, and now and then one with a level.
#
#   2026-06-26 09:47:00.123 - Log 1
#   2026-06-26 09:47:02.124 - [ERROR]: Failed to connect to server
#
# LOG_FILE names another file, PAUSE the seconds between two lines (0.2).
set -euo pipefail

if (($# != 2)) || [[ ! $1:$2 =~ ^[1-9][0-9]*:[1-9][0-9]*$ ]]; then
  echo "usage: $0 FROM TO" >&2
  exit 2
fi
file=${LOG_FILE:-app.log}
pause=${PAUSE:-0.2}

tell() {
  # bash 5 knows the time itself: no process for each line. It is another one each time that it is asked.
  local time now=${EPOCHREALTIME-}
  if [[ -n $now ]]; then
    local fraction=${now#*[.,]}
    printf -v time '%(%F %T)T.%s' "${now%[.,]*}" "${fraction:0:3}"
  else
    time=$(date '+%F %T.000')
  fi
  # The file is opened for each line: after a rotation the next one is in the new file.
  echo "$time - $1" >>"$file"
  if [[ $pause != 0 ]]; then sleep "$pause"; fi
}

for ((number = $1; number <= $2; number++)); do
  tell "Log $number"
  ((number % 3)) || tell "[DEBUG]: GET /api/orders/$number took $((number % 37)) ms"
  ((number % 5)) || tell '[INFO]: Connected to server'
  ((number % 11)) || tell '[WARN]: Server is slow to answer'
  ((number % 17)) || tell '[ERROR]: Failed to connect to server'
done
