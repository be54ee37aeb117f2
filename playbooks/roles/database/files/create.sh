#!/bin/sh
# Makes a role and its database where they are missing; the role's password, if any, is standard input.
set -eu
role=$1 database=$2
cd /
as_postgres() { runuser -u postgres -- "$@"; }
exists() {
    test -n "$(echo "$1" | as_postgres psql --no-psqlrc --tuples-only --no-align --set=name="$2")"
}
read -r password || password=${password:-}
if ! exists "SELECT 1 FROM pg_roles WHERE rolname = :'name'" "$role"; then
    if test -n "$password"; then
        # Asked for, so that neither the process list nor the database's log shows it.
        printf '%s\n%s\n' "$password" "$password" | setsid --wait runuser -u postgres -- createuser --pwprompt "$role"
    else
        as_postgres createuser "$role"
    fi
    echo "created role $role"
fi
if ! exists "SELECT 1 FROM pg_database WHERE datname = :'name'" "$database"; then
    as_postgres createdb --owner="$role" "$database"
    echo "created database $database"
fi
