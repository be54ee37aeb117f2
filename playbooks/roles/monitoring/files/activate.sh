#!/bin/sh
# Unpacks settings beside the live ones, has every program check its own, and only then switches;
# says "changed" when it did. Settings that a check refuses leave the live ones as they are.
# Usage: activate.sh TAR
set -eu

tar_file=$1
releases=/etc/bastide/releases
home=$releases/$(sha256sum "$tar_file" | cut --characters=1-16)
if [ "$(readlink /etc/bastide/current || true)" = "$home" ]; then
    exit 0
fi

rm -rf "$home"
mkdir -p "$home"
tar --extract --file "$tar_file" --directory "$home" --no-same-owner
/opt/bastide/bin/bastide inventory check --estate "$home/estate"
promtool check config "$home/prometheus.yml"
amtool check-config "$home/alertmanager.yml"
prometheus-blackbox-exporter --config.file="$home/blackbox.yml" --config.check

ln -sfn current/estate /etc/bastide/estate
ln -sfn "$home" /etc/bastide/.current.new
mv --no-target-directory /etc/bastide/.current.new /etc/bastide/current
for service in bastide-bridge bastide-exporter bastide-audit-changes; do
    if systemctl --quiet is-active "$service.service"; then
        systemctl restart "$service.service"
    fi
done
for service in prometheus-blackbox-exporter prometheus-alertmanager prometheus; do
    if systemctl --quiet is-active "$service.service"; then
        systemctl reload "$service.service"
    fi
done
find "$releases" -mindepth 1 -maxdepth 1 ! -path "$home" -exec rm -rf {} +
echo changed
