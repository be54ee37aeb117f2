#!/bin/sh
# Asks chrony whom it follows, and leaves the answer as metrics of node_exporter; where that is
# another's, nothing. Without a server in its settings the host's own clock is what it is meant to follow.
# Usage: time-state FOLDER
set -eu
umask 022
cd "$1" 2>/dev/null || exit 0
tracking=$(timeout 10 chronyc -n -c tracking 2>/dev/null || true)
sources=$(timeout 10 chronyc -n -c sources 2>/dev/null || true)
online=$(timeout 10 chronyc -c activity 2>/dev/null | cut -d, -f1 || true)
# Followed, and answered one of the last three questions: the last digit of an octal register.
followed=$(printf '%s\n' "$sources" | awk -F, '$2 == "*" && $6 ~ /[1-7]$/ { n++ } END { print n + 0 }')
success=0
if [ -z "$sources" ]; then
    case $tracking in 7F7F0101,*) success=1 ;; esac
elif [ "$followed" -gt 0 ] && [ "${online:-0}" -gt 0 ]; then
    success=1
fi
offset=$(printf '%s' "$tracking" | cut -d, -f5)
# node_exporter reads the name only once the file is whole.
cat >time.prom.new <<EOF
# HELP bastide_time_synchronised Whether chrony follows a server that answers.
# TYPE bastide_time_synchronised gauge
bastide_time_synchronised $success
# HELP bastide_time_offset_seconds How far the clock is from the servers that it follows.
# TYPE bastide_time_offset_seconds gauge
bastide_time_offset_seconds ${offset:-NaN}
EOF
mv -f time.prom.new time.prom
