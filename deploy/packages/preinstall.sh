#!/bin/sh
# The user that the service runs as; files of the package belong to its group.
set -e
getent group qem_exporter >/dev/null || groupadd --system qem_exporter
getent passwd qem_exporter >/dev/null ||
  useradd --system --gid qem_exporter --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin \
    --comment "Prometheus exporter for Qlik Enterprise Manager" qem_exporter
