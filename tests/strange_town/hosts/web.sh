#!/bin/sh
# srv-web01: what a supplier set up in 2023 and three administrators have mended since.
. /build/common.sh
install_packages bookworm python3 python3-systemd sudo ufw iptables fail2ban nginx-light openssl postgresql \
  cron tzdata iproute2 procps dbus libpam-systemd
name_host srv-web01 172.27.10.84
interface ens18 172.27.10.25/26 fd27:10::25/64
interface ens19 172.27.10.84/26
ln -sf /usr/share/zoneinfo/Europe/Belgrade /etc/localtime
echo Europe/Belgrade > /etc/timezone
cat >> /etc/hosts <<'R'
172.18.0.2 registar.lokal
172.27.10.74 kancelarija skok
10.9.8.7 stari-server.gradac.example
R

# Logins: itadmin alone, through the jump host, sudo by password.
add_user itadmin Gradac-1389-sudo
usermod -aG sudo itadmin
sed -i 's/^#Port 22$/Port 2222/; s/^#PermitRootLogin .*/PermitRootLogin no/' /etc/ssh/sshd_config
echo 'AllowUsers itadmin' >> /etc/ssh/sshd_config
echo 'PasswordAuthentication yes' > /etc/ssh/sshd_config.d/50-cloud-init.conf
chmod 600 /etc/ssh/sshd_config.d/50-cloud-init.conf
mkdir -p /home/itadmin/bin
printf '#!/bin/sh\ndf -h > "$HOME/disk.txt"\n' > /home/itadmin/bin/disk
chmod 755 /home/itadmin/bin/disk
chown -R itadmin: /home/itadmin
echo '40 3 1 * * /home/itadmin/bin/disk' | crontab -u itadmin -
cat > /etc/fail2ban/jail.d/town.local <<'R'
[DEFAULT]
backend = systemd
bantime = 1h
maxretry = 3

[sshd]
enabled = true
port = 2222
R

# The firewall.
ufw allow from 172.27.10.74 to any port 2222 proto tcp > /dev/null
ufw allow from 172.27.10.74 to any port 5432 proto tcp > /dev/null
ufw allow 80,443/tcp > /dev/null
ufw --force enable > /dev/null
systemctl -q enable ufw
echo 'net.ipv4.ip_forward = 1' > /etc/sysctl.d/60-forward.conf

# Two sites with a certificate of the town's own authority; the second is a proxy.
mkdir -p /etc/nginx/tls /var/www/gradac
cd /etc/nginx/tls
openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -keyout ca.key -out ca.pem \
  -subj '/O=Opstina Gradac/CN=Gradac CA' -addext basicConstraints=critical,CA:TRUE \
  -addext keyUsage=critical,keyCertSign,cRLSign 2> /dev/null
openssl req -newkey rsa:2048 -nodes -keyout site.key -out site.csr \
  -subj '/CN=www.gradac.example' 2> /dev/null
printf 'subjectAltName=DNS:www.gradac.example,DNS:eusluge.gradac.example\n' > san
openssl x509 -req -in site.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 397 -extfile san \
  -out site.pem 2> /dev/null
rm site.csr san
chmod 600 ca.key site.key
cd /
echo '<h1>Opstina Gradac</h1>' > /var/www/gradac/index.html
rm -f /etc/nginx/sites-enabled/default
cat > /etc/nginx/sites-available/gradac <<'R'
server {
	listen 80;
	listen [::]:80;
	server_name www.gradac.example eusluge.gradac.example;
	return 301 https://$host$request_uri;
}
server {
	listen 443 ssl;
	listen [::]:443 ssl;
	server_name www.gradac.example;
	ssl_certificate /etc/nginx/tls/site.pem;
	ssl_certificate_key /etc/nginx/tls/site.key;
	root /var/www/gradac;
}
server {
	listen 443 ssl;
	listen [::]:443 ssl;
	server_name eusluge.gradac.example;
	ssl_certificate /etc/nginx/tls/site.pem;
	ssl_certificate_key /etc/nginx/tls/site.key;
	location / {
		proxy_pass http://registar.lokal;
	}
}
R
ln -s ../sites-available/gradac /etc/nginx/sites-enabled/gradac

# A container as engines make them: a bridge, a network namespace, a published port (DNAT).
mkdir -p /srv/registar
echo 'Registar gradjana: radi' > /srv/registar/index.html
cat > /usr/local/sbin/registar-network <<'S'
#!/bin/sh
set -eu
ip netns delete registar 2> /dev/null || true
ip link delete br-registar 2> /dev/null || true
ip link add br-registar type bridge
ip address add 172.18.0.1/16 dev br-registar
ip link set br-registar up
ip netns add registar
ip link add veth-registar type veth peer name eth0 netns registar
ip link set veth-registar master br-registar up
ip -n registar address add 172.18.0.2/16 dev eth0
ip -n registar link set lo up
ip -n registar link set eth0 up
ip -n registar route add default via 172.18.0.1
iptables -t nat -N CONTAINERS 2> /dev/null || iptables -t nat -F CONTAINERS
iptables -t nat -A CONTAINERS ! -i br-registar -p tcp --dport 8080 -j DNAT --to-destination 172.18.0.2:80
iptables -t nat -C PREROUTING -m addrtype --dst-type LOCAL -j CONTAINERS 2> /dev/null ||
  iptables -t nat -A PREROUTING -m addrtype --dst-type LOCAL -j CONTAINERS
iptables -t nat -C POSTROUTING -s 172.18.0.0/16 ! -o br-registar -j MASQUERADE 2> /dev/null ||
  iptables -t nat -A POSTROUTING -s 172.18.0.0/16 ! -o br-registar -j MASQUERADE
for rule in '-o br-registar -j ACCEPT' '-i br-registar -j ACCEPT'; do
  iptables -C FORWARD $rule 2> /dev/null || iptables -I FORWARD $rule
done
S
chmod 755 /usr/local/sbin/registar-network
cat > /etc/systemd/system/registar.service <<'R'
[Unit]
Description=The register's container
After=network-online.target ufw.service
Before=nginx.service

[Service]
ExecStartPre=/usr/local/sbin/registar-network
ExecStart=/usr/bin/nsenter --net=/run/netns/registar /usr/bin/python3 -m http.server 80 --directory /srv/registar
Restart=on-failure

[Install]
WantedBy=multi-user.target
R
systemctl -q enable registar

# The database that the office's computer uses.
cd /etc/postgresql/15/main
cat >> postgresql.conf <<'R'
listen_addresses = '*'
shared_buffers = 32MB
R
echo 'host registar kancelarija 172.27.10.74/32 scram-sha-256' >> pg_hba.conf
cd /
pg_ctlcluster 15 main start
su postgres -c 'psql -q' <<'Q'
CREATE ROLE kancelarija LOGIN PASSWORD 'Knjiga-rodjenih-12';
CREATE DATABASE registar OWNER kancelarija;
\c registar
CREATE TABLE upisi (broj integer PRIMARY KEY, ime text NOT NULL);
INSERT INTO upisi SELECT n, 'Gradjanin ' || n FROM generate_series(1, 1000) n;
GRANT SELECT, INSERT ON upisi TO kancelarija;
Q
su postgres -c 'vacuumdb --quiet --all --freeze --analyze'
su postgres -c 'vacuumdb --quiet --all --freeze' # what the analysis left behind
su postgres -c 'psql -q -c CHECKPOINT'
pg_ctlcluster 15 main stop
# Without the counts of the load autovacuum has nothing to do: an idle database is still.
rm -f /var/log/postgresql/*.log /var/lib/postgresql/15/main/pg_stat/*
