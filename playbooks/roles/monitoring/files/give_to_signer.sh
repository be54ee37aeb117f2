#!/bin/sh
# Moves the key of evidence, with a copy of the chain that it signed, out of reach of the account
# that audits; says "changed" when it did. Usage: give_to_signer.sh FOLDER
set -eu

from=$1
to=/var/lib/private/bastide-signer
if [ ! -e "$from/signing.key" ] || [ -e "$to/signing.key" ]; then
    exit 0
fi
# As systemd makes it for StateDirectory of a dynamic user; it gives it to that user at the start.
install --directory --mode=0700 /var/lib/private "$to"
ln --symbolic --force --no-target-directory private/bastide-signer /var/lib/bastide-signer
if [ -e "$from/chain.jsonl" ]; then
    install --mode=0600 "$from/chain.jsonl" "$to/chain.jsonl"
fi
install --mode=0600 "$from/signing.key" "$to/signing.key"
rm "$from/signing.key"
echo changed
