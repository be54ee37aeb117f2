#!/bin/sh
# Debian 12 as small as it boots and answers SSH: no python3, no sudo, no iproute2, no dbus.
set -eu
mmdebstrap --quiet --mode=root --variant=minbase --format=directory \
  --skip=cleanup/apt/lists \
  --include=systemd-sysv,openssh-server \
  --aptopt='APT::Install-Recommends "false"' --aptopt='Acquire::Languages "none"' \
  --dpkgopt=force-unsafe-io --dpkgopt='path-exclude=/usr/share/doc/*' \
  --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/share/man/*' \
  bookworm "$1" \
  'deb http://deb.debian.org/debian bookworm main' \
  'deb http://deb.debian.org/debian bookworm-updates main'
