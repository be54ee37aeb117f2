#!/bin/sh
# A machine with a site of before, and an authority whose certificate it trusts; it does not run yet.
set -e
export DEBIAN_FRONTEND=noninteractive
apt-get -qq update > /dev/null
apt-get -qq install --no-install-recommends nginx-light certbot openssl ca-certificates curl > /dev/null
echo '127.0.0.1 acme.gradac.test papir.gradac.test' >> /etc/hosts
mkdir -p /etc/pebble /var/www/ours
echo ours > /var/www/ours/index.html
cd /etc/pebble
openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=pebble \
  -addext subjectAltName=DNS:localhost -keyout key.pem -out cert.pem 2> /dev/null
cp cert.pem /usr/local/share/ca-certificates/pebble.crt
update-ca-certificates > /dev/null 2>&1
cat > config.json <<'C'
{
  "pebble": {
    "listenAddress": "127.0.0.1:14000",
    "managementListenAddress": "127.0.0.1:15000",
    "certificate": "/etc/pebble/cert.pem",
    "privateKey": "/etc/pebble/key.pem",
    "httpPort": 80,
    "tlsPort": 443,
    "ocspResponderURL": "",
    "externalAccountBindingRequired": false
  }
}
C
printf 'server { listen 80; server_name papir.gradac.test; return 200 before; }' \
  > /etc/nginx/sites-enabled/before
systemctl reload nginx
