#!/bin/sh
# nova: Debian 13, set up last month, measured by somebody's node_exporter; root logs in by key.
. /build/common.sh
install_packages trixie python3 sudo iproute2 procps dbus libpam-systemd nftables cron \
  prometheus-node-exporter systemd-timesyncd
name_host nova 172.27.10.30
interface enp6s18 172.27.10.30/26 fd27:10::30/64
add_user itadmin Nova-lozinka-2026
adduser -q itadmin sudo 2> /dev/null || usermod -aG sudo itadmin
# Since OpenSSH 9.8 a client that leaves without a login is soon refused: not the monitoring.
echo 'PerSourcePenaltyExemptList 172.27.10.10,172.27.10.1' > /etc/ssh/sshd_config.d/monitoring.conf
cat > /etc/nftables.conf <<'R'
#!/usr/sbin/nft -f
flush ruleset
table inet filter {
	chain input {
		type filter hook input priority filter; policy drop;
		ct state established,related accept
		iif lo accept
		meta l4proto { icmp, ipv6-icmp } accept
		ip saddr 172.27.10.0/26 tcp dport { 22, 9100 } accept
		ip6 saddr fd27:10::/64 tcp dport 22 accept
	}
}
R
systemctl -q enable nftables
