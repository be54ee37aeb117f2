#!/bin/sh
# Leaves when any of some files was last changed, as a metric of node_exporter; where that is another's,
# nothing. Of a folder the files in it count as well. It is the time of the change of the inode: unlike
# that of the content, nobody sets it at will. A run of ours that is at work is let end first: what it has
# half changed is no finding. Usage: note-change FOLDER RUNS PATH…
set -eu
umask 022
cd "$1" 2>/dev/null || exit 0
at_work=$(find "$2" -mindepth 2 -maxdepth 2 -name things.jsonl -mmin -1 2>/dev/null) || true
[ -z "$at_work" ] || [ ! -e changes.prom ] || exit 0
shift 2
newest=$(find -H "$@" -maxdepth 1 -printf '%C@\n' 2>/dev/null | sort -n | tail -n 1)
# node_exporter reads the name only once the file is whole.
cat >changes.prom.new <<EOF
# HELP bastide_host_change_timestamp_seconds When something that audits judge was last changed.
# TYPE bastide_host_change_timestamp_seconds gauge
bastide_host_change_timestamp_seconds ${newest:-0}
EOF
mv -f changes.prom.new changes.prom
