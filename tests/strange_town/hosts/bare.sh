#!/bin/sh
# mali: nothing but an SSH server: no python3, no sudo, no ss, no dbus; root logs in by key.
. /build/common.sh
install_packages bookworm
name_host mali 172.27.10.40
interface eth0 172.27.10.40/26
