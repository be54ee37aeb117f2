# Sourced by the hosts' scripts, which run as root in the machine that is being made.
# What is here an administrator of twenty years ago would have typed, too. Addresses are those of
# the first town; a town on another range has them replaced when it starts.
set -eu
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8

# install_packages RELEASE PACKAGE...: security updates of the release are known, not installed.
install_packages() {
  [ "$STEP" = packages ] || return 0
  printf '#!/bin/sh\nexit 101\n' > /usr/sbin/policy-rc.d # nothing starts while it is built
  chmod 755 /usr/sbin/policy-rc.d
  release=$1
  shift
  apt-get -qq update
  [ $# = 0 ] || apt-get -qq -y --no-install-recommends -o Dpkg::Use-Pty=0 install "$@" > /dev/null
  echo "deb http://deb.debian.org/debian-security $release-security main" \
    > /etc/apt/sources.list.d/security.list
  apt-get -qq update
  apt-get clean
  rm /usr/sbin/policy-rc.d
  exit 0
}

# name_host NAME ADDRESS
name_host() {
  echo "$1" > /etc/hostname
  printf '127.0.0.1 localhost\n%s %s.gradac.example %s\n::1 localhost ip6-localhost\n' \
    "$2" "$1" "$1" > /etc/hosts
  printf 'search gradac.example\nnameserver 172.27.10.10\n' > /etc/resolv.conf.town
  rm -f /etc/machine-id
  systemd-machine-id-setup > /dev/null 2>&1
}

# interface NAME ADDRESS...
interface() {
  file=/etc/systemd/network/20-$1.network
  printf '[Match]\nName=%s\n\n[Network]\nLinkLocalAddressing=no\nIPv6AcceptRA=no\n' "$1" > "$file"
  shift
  for address in "$@"; do echo "Address=$address" >> "$file"; done
  systemctl -q enable systemd-networkd
}

# add_user NAME [PASSWORD]
add_user() {
  useradd --create-home --shell /bin/bash "$1"
  [ -z "${2:-}" ] || echo "$1:$2" | chpasswd
}
