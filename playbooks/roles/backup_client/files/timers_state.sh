#!/bin/sh
# Leaves whether each plan's timer comes back with the next start, as a metric of node_exporter; where
# that is another's, nothing. One that was disabled and not stopped runs on until then, and is told by
# nothing else. Usage: timers-state FOLDER PLAN…
set -eu
umask 022
cd "$1" 2>/dev/null || exit 0
shift
# node_exporter reads the name only once the file is whole.
{
    echo '# HELP bastide_backup_timer_enabled Whether the timer of the plan starts when the host does.'
    echo '# TYPE bastide_backup_timer_enabled gauge'
    for plan; do
        state=$(systemctl is-enabled "bastide-backup-$plan.timer" 2>/dev/null) || true
        # Not what is enabled until the next start alone.
        if [ "$state" = enabled ]; then enabled=1; else enabled=0; fi
        echo "bastide_backup_timer_enabled{plan=\"$plan\"} $enabled"
    done
} >backup_timers.prom.new
mv -f backup_timers.prom.new backup_timers.prom
