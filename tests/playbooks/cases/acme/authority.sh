#!/bin/sh
# Starts the authority and waits until it answers. It would refuse one good nonce in twenty on purpose, and
# certbot asks once again and no more.
systemd-run --quiet --unit=pebble --setenv=PEBBLE_VA_NOSLEEP=1 --setenv=PEBBLE_WFE_NONCEREJECT=0 \
  /usr/local/bin/pebble -config /etc/pebble/config.json
timeout 20 sh -c 'until curl -sf https://localhost:14000/dir > /dev/null; do sleep 0.2; done'
