#!/bin/sh
# Installs a tar of wheels into an environment of its own and points /opt/bastide at it when it is
# whole; says "changed" when it did something. Usage: install_wheels.sh TAR
set -eu

tar_file=$1
releases=/opt/bastide-releases
home=$releases/$(sha256sum "$tar_file" | cut --characters=1-16)
if [ "$(readlink /opt/bastide || true)" = "$home" ]; then
    exit 0
fi

work=$(mktemp --directory)
trap 'rm -rf "$work"' EXIT
tar --extract --file "$tar_file" --directory "$work" --no-same-owner
rm -rf "$home"
mkdir -p "$releases"
python3 -m venv --without-pip "$home"
# The pip of Debian's venv, run from its wheel: bootstrapping one takes longer than all the rest.
PYTHONPATH=$(ls /usr/share/python-wheels/pip-*.whl) "$home/bin/python3" -m pip install --quiet \
    --no-index --no-deps --no-compile --disable-pip-version-check --root-user-action=ignore \
    "$work"/wheelhouse/*.whl
"$home/bin/python3" -m compileall -q -j 0 "$home/lib" || true
"$home/bin/bastide" --version

ln -sfn "$home" /opt/.bastide.new
mv --no-target-directory /opt/.bastide.new /opt/bastide
for service in bastide-bridge bastide-exporter; do
    if systemctl --quiet is-active "$service.service"; then
        systemctl restart "$service.service"
    fi
done
find "$releases" -mindepth 1 -maxdepth 1 ! -path "$home" -exec rm -rf {} +
echo changed
