#!/bin/sh
# A new installation is neither enabled nor started: its configuration has to be
# written first. An upgrade starts the new version if the old one ran; where it does not
# start, the package is installed all the same.
# deb calls this with "configure" and the version before, rpm with how many versions
# are then installed.
set -e
[ -d /run/systemd/system ] || exit 0
systemctl daemon-reload
upgrade=no
case "$1" in
configure) [ -z "$2" ] || upgrade=yes ;;
[2-9]*) upgrade=yes ;;
esac
if [ "$upgrade" = yes ]; then
  systemctl try-restart qem_exporter.service || echo "qem_exporter does not start: systemctl status qem_exporter" >&2
fi
