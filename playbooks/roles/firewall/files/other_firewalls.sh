#!/bin/sh
# were-on NAME…: print those of the firewalls that are on.
# off FILE, on FILE: turn those that a file names off, or on again, in that order of lines.
#
# Only what is a firewall's own goes: rules of containers and of fail2ban stay, which a stop or start
# of nftables.service and `netfilter-persistent flush` take away with all others.
set -e

# The tables of nftables' file are those that it makes in a network of its own.
saved_tables() {
    unshare --net sh -c 'nft --file "$1" && nft list tables' sh "$NFTABLES" |
        grep -vx 'table inet bastide' || true
}

without_tables() {
    saved_tables | while read -r table; do nft delete $table 2>/dev/null || true; done
}

# Of iptables' files what is let into the host: each rule with another word in place of its -A.
input_rules() {
    sed -n '/^\*filter/,/^COMMIT/s/^-A \(INPUT .*\)/'"$2"' \1/p' "$1"
}

each_input_rule() {
    for iptables in iptables ip6tables; do
        saved=$RULES/rules.v4
        [ "$iptables" = iptables ] || saved=$RULES/rules.v6
        [ -f "$saved" ] || continue
        policy=$(sed -n '/^\*filter/,/^COMMIT/s/^:INPUT \([A-Z]*\).*/\1/p' "$saved")
        [ "$1" = -A ] || policy=ACCEPT
        "$iptables" -w -P INPUT "${policy:-ACCEPT}"
        input_rules "$saved" "$1" | while read -r rule; do
            printf '*filter\n%s\nCOMMIT\n' "$rule" |
                "$iptables-restore" -w --noflush 2>/dev/null || true
        done
    done
}

is_on() {
    case $1 in
    ufw) grep -qs '^ENABLED=yes' /etc/ufw/ufw.conf ;;
    firewalld) systemctl --quiet is-active firewalld.service ;;
    *) systemctl --quiet is-enabled "$1.service" ;;
    esac
}

off() {
    case $1 in
    ufw) ufw disable ;;
    firewalld) systemctl --quiet disable --now firewalld.service ;;
    nftables) without_tables; systemctl --quiet disable nftables.service ;;
    netfilter-persistent) each_input_rule -D; systemctl --quiet disable netfilter-persistent.service ;;
    esac
}

on() {
    case $1 in
    ufw) ufw --force enable ;;
    firewalld) systemctl --quiet enable --now firewalld.service ;;
    nftables)
        without_tables
        sed '/^[[:space:]]*flush ruleset/d' "$NFTABLES" | nft --file -
        systemctl --quiet enable nftables.service
        ;;
    netfilter-persistent) each_input_rule -A; systemctl --quiet enable netfilter-persistent.service ;;
    esac
}

NFTABLES=${NFTABLES:-/etc/nftables.conf}
RULES=${RULES:-/etc/iptables}
word=$1
shift
if [ "$word" = were-on ]; then
    for name in "$@"; do ! is_on "$name" || echo "$name"; done
else
    while read -r name; do "$word" "$name" </dev/null; done <"$1"
fi
