#!/bin/sh
# Asks the next router of each way out, and leaves which of them answered as metrics of node_exporter;
# where that is another's, nothing. Usage: ask-gateways FOLDER UPLINK=ADDRESS…
set -eu
umask 022
cd "$1" 2>/dev/null || exit 0
shift
ask() {
    answers=1
    ping -n -q -c 3 -i 0.3 -W 2 "$2" >/dev/null 2>&1 || answers=0
    echo "bastide_gateway_answers{uplink=\"$1\",gateway=\"$2\"} $answers"
}
# node_exporter reads the name only once the file is whole.
{
    echo '# HELP bastide_gateway_answers Whether the next router of an uplink answers this host.'
    echo '# TYPE bastide_gateway_answers gauge'
    # At the same time: a dead one keeps none waiting.
    for way; do
        ask "${way%%=*}" "${way#*=}" &
    done
    wait
} >gateways.prom.new
mv -f gateways.prom.new gateways.prom
