#!/bin/sh
# Has PostgreSQL take its settings: reloaded, and restarted only where one of them asks for it.
set -eu
unit=$1
cd /
ask() { runuser -u postgres -- psql --no-psqlrc --quiet --tuples-only --no-align --command "$1"; }
systemctl is-active --quiet "$unit" || exec systemctl start "$unit"
# What only a restart can apply is an error of this view, too; whether it is right, the restart shows.
wrong=$(ask "SELECT sourcefile || ':' || sourceline || ': ' || name || ': ' || error FROM pg_file_settings
             WHERE error IS NOT NULL
             AND name NOT IN (SELECT name FROM pg_settings WHERE context = 'postmaster')
             UNION ALL SELECT 'pg_hba.conf:' || line_number || ': ' || error FROM pg_hba_file_rules WHERE error IS NOT NULL")
test -z "$wrong" || { echo "$wrong" >&2; exit 1; }
systemctl reload "$unit"
sleep 1
test "$(ask 'SELECT count(*) FROM pg_settings WHERE pending_restart')" = 0 || systemctl restart "$unit"
# What does not answer after it is put back.
timeout 30 sh -c "until runuser -u postgres -- psql --quiet --command 'SELECT 1' >/dev/null 2>&1; do sleep 0.3; done"
