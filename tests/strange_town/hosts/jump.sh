#!/bin/sh
# skok: the SSH jump host, the town's name server, and the office computer from which the
# register's database and the file server are used.
. /build/common.sh
install_packages bookworm iproute2 procps dbus libpam-systemd postgresql-client smbclient dnsmasq cron
name_host skok 172.27.10.10
interface eth0 172.27.10.10/26 fd27:10::10/64
interface eth1 172.27.10.74/26
add_user hop
printf 'AllowUsers hop\nPasswordAuthentication no\nMaxSessions 20\n' \
  > /etc/ssh/sshd_config.d/hop.conf
cat > /etc/dnsmasq.d/gradac.conf <<'R'
no-resolv
local=/gradac.example/
host-record=skok.gradac.example,172.27.10.10,fd27:10::10
host-record=www.gradac.example,eusluge.gradac.example,172.27.10.25,fd27:10::25
host-record=fajlovi.gradac.example,172.27.10.20,fd27:10::20
host-record=nova.gradac.example,172.27.10.30,fd27:10::30
host-record=mali.gradac.example,172.27.10.40
R
systemctl -q enable dnsmasq
echo '172.27.10.84 srv-web01 registar-db' >> /etc/hosts
