#!/bin/sh
# skok: the SSH jump host, and the office computer from which the register's database is used.
. /build/common.sh
install_packages bookworm iproute2 procps dbus libpam-systemd postgresql-client smbclient cron
name_host skok 172.27.10.10
interface eth0 172.27.10.10/26 fd27:10::10/64
interface eth1 172.27.10.74/26
add_user hop
printf 'AllowUsers hop\nPasswordAuthentication no\nMaxSessions 20\n' \
  > /etc/ssh/sshd_config.d/hop.conf
echo '172.27.10.84 srv-web01 registar-db' >> /etc/hosts
