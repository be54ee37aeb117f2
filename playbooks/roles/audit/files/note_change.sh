#!/bin/sh
# Notes now as the time of a change, as a metric of node_exporter; where that is another's, nothing.
# Usage: note-change FOLDER
set -eu
umask 022
cd "$1" 2>/dev/null || exit 0
# node_exporter reads the name only once the file is whole.
cat >changes.prom.new <<EOF
# HELP bastide_host_change_timestamp_seconds When something that audits judge was last seen to change.
# TYPE bastide_host_change_timestamp_seconds gauge
bastide_host_change_timestamp_seconds $(date +%s)
EOF
mv -f changes.prom.new changes.prom
