#!/bin/sh
# Debian 13 as small as it boots and answers SSH.
set -eu
mmdebstrap --quiet --mode=root --variant=minbase --format=directory \
  --skip=cleanup/apt/lists \
  --include=systemd-sysv,openssh-server \
  --aptopt='APT::Install-Recommends "false"' --aptopt='Acquire::Languages "none"' \
  --dpkgopt=force-unsafe-io --dpkgopt='path-exclude=/usr/share/doc/*' \
  --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/share/man/*' \
  trixie "$1" \
  'deb http://deb.debian.org/debian trixie main' \
  'deb http://deb.debian.org/debian trixie-updates main'
