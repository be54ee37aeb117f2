#!/bin/sh
# Asks for a name as programs on this host do, through the servers of resolv.conf, and leaves what came
# of it as metrics of node_exporter; where that is another's, nothing. Usage: ask-names FOLDER NAME
set -eu
umask 022
cd "$1" 2>/dev/null || exit 0
success=1
began=$(date +%s%3N)
timeout 5 getent --service=hosts:dns ahosts "$2" >/dev/null 2>&1 || success=0
took=$(($(date +%s%3N) - began))
# node_exporter reads the name only once the file is whole.
cat >names.prom.new <<EOF
# HELP bastide_name_lookup_success Whether the resolvers of this host answered a question for a name.
# TYPE bastide_name_lookup_success gauge
bastide_name_lookup_success $success
# HELP bastide_name_lookup_duration_seconds How long the answer took, or was waited for.
# TYPE bastide_name_lookup_duration_seconds gauge
bastide_name_lookup_duration_seconds $((took / 1000)).$(printf '%03d' $((took % 1000)))
EOF
mv -f names.prom.new names.prom
