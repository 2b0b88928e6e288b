"""Reports to Leadline, and its reading of a time."""
import asyncio
import hashlib
import json
import os
import urllib.request
from datetime import datetime, timezone

import nats

ENV = os.environ


async def connect_agent():
    """Reports to Leadline's NATS. Each is repeated until it is stored; a repeat is harmless."""
    user = ENV.get("NATS_USER", "agent")
    nc = await nats.connect(ENV["NATS_URL"], user=user, password=ENV.get("NATS_PASS"), max_reconnect_attempts=-1,
                            inbox_prefix=f"_INBOX_{user}".encode())
    js = nc.jetstream()

    async def report(kind, room, **fields):
        body = json.dumps({"room": room, **fields}).encode()
        time = datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        message_id = f"{room}:{kind}:{time}:{hashlib.sha256(body).hexdigest()[:16]}"
        headers = {"Nats-Msg-Id": message_id, "ce-specversion": "1.0", "ce-id": message_id, "ce-type": kind,
                   "ce-source": "voice-agent", "ce-subject": room, "ce-time": time}
        while True:
            try:
                return await js.publish(kind, body, headers=headers, timeout=3)
            except (nats.errors.TimeoutError, nats.errors.NoRespondersError, nats.js.errors.ServiceUnavailableError):
                await asyncio.sleep(1)

    return nc, report


def ask_when(words, zone):
    """What the words mean, by the call-tracker: POST /v1/when. Without it the words are handed on as they are."""
    if "LEADLINE_URL" not in ENV:
        return None
    body = json.dumps({"words": words, "now": datetime.now(timezone.utc).isoformat(), "zone": zone}).encode()
    request = urllib.request.Request(f"{ENV['LEADLINE_URL']}/v1/when", body, {"authorization": f"Bearer {ENV['AGENT_KEY']}"})
    with urllib.request.urlopen(request, timeout=5) as answer:
        return json.load(answer)
