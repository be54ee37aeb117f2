#!/bin/sh
# selo: Debian 12, new, the only server of a village council; its administrator may use sudo.
. /build/common.sh
install_packages bookworm git make python3 python3-venv sudo iproute2 procps dbus libpam-systemd
name_host selo 192.168.40.10
interface eth0 192.168.40.10/24
echo 'Gateway=192.168.40.1' >> /etc/systemd/network/20-eth0.network
add_user marko Selo-lozinka-1
usermod -aG sudo marko
