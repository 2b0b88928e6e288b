#!/usr/bin/env bash
# @livekit/rtc-node 0.13.35 on Node 20 or newer, without any server: one attempt to connect to a port where nobody listens.
# Guess beforehand: a client library says nothing on standard output, least of all in detail, unless it is asked to.
# What happens: it writes JSON lines of level debug ("Connect callback received") to standard output. With
# NODE_ENV=production the level is info, and the place is still standard output; its logger is in no public export.
# So a command line that prints its result there must silence it by the file dist/log.cjs.
# Output: the line as it came, and "quiet" for the same with NODE_ENV=production.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y >/dev/null
npm install --no-audit --no-fund --silent @livekit/rtc-node@0.13.35 >/dev/null 2>&1
cat > connect.mjs <<'JS'
import { Room, dispose } from '@livekit/rtc-node';
await new Room().connect('ws://127.0.0.1:9', 'token', { autoSubscribe: true, dynacast: false }).catch(() => undefined);
await dispose();
JS
loud=$(timeout 120 node connect.mjs 2>/dev/null)
quiet=$(NODE_ENV=production timeout 120 node connect.mjs 2>/dev/null)
echo "$loud"
[ -z "$quiet" ] && echo quiet
case $loud in *'"level":20'*'"name":"lk-rtc"'*) [ -z "$quiet" ] ;; *) exit 1 ;; esac
