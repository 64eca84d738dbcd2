#!/bin/sh
# Puts the passwords into the configuration, before the image's own entry point looks for it.
set -eu
: "${SWITCH_PASSWORD:?}" "${PHONE_PASSWORD:?}"
mkdir -p /etc/freeswitch
sed "s/@SWITCH_PASSWORD@/$SWITCH_PASSWORD/; s/@PHONE_PASSWORD@/$PHONE_PASSWORD/" \
    /switchyard/freeswitch.xml >/etc/freeswitch/freeswitch.xml
exec /docker-entrypoint.sh freeswitch
