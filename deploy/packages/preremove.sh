#!/bin/sh
# Ends the service with the package, not with an upgrade: deb then says "remove",
# rpm that 0 versions are left.
set -e
[ -d /run/systemd/system ] || exit 0
case "$1" in
remove | 0) systemctl disable --now qem_exporter.service qem_exporter.socket ;;
esac
