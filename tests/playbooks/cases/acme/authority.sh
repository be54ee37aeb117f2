#!/bin/sh
# Starts the authority and waits until it answers.
systemd-run --quiet --unit=pebble --setenv=PEBBLE_VA_NOSLEEP=1 \
  /usr/local/bin/pebble -config /etc/pebble/config.json
timeout 20 sh -c 'until curl -sf https://localhost:14000/dir > /dev/null; do sleep 0.2; done'
