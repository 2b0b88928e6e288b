"""A voice agent for Leadline on LiveKit's Python agents."""
import asyncio
import json
import os

from livekit import api, rtc
from livekit.agents import AMD, Agent, AgentServer, AgentSession, JobContext, cli, function_tool, room_io

from leadline import ask_when, connect_agent
from models import DETECTOR_PROMPT, instructions, open_models

ENV = os.environ
CALLS_AT_ONCE = int(ENV.get("CALLS_AT_ONCE", "4"))
# The person may be away so long before it counts as the end: LiveKit and its bridge take seconds to connect anew.
AWAY_SECONDS = 15


class Phone:
    """The phone leg: `joined` when it is there, `answered` true if the person did, `left` by whom the call was ended."""

    def __init__(self, room: rtc.Room, identity: str):
        self.identity, self.away = identity, None
        loop = asyncio.get_running_loop()
        self.joined, self.answered, self.left = loop.create_future(), loop.create_future(), loop.create_future()
        room.on("participant_connected", self._see)
        room.on("participant_attributes_changed", lambda changed, participant: self._see(participant))
        room.on("participant_disconnected", self._gone)
        room.on("disconnected", lambda *_: self._end("error"))
        for participant in room.remote_participants.values():
            self._see(participant)

    def _see(self, participant):
        if participant.identity != self.identity:
            return
        if self.away:
            self.away.cancel()
        settle(self.joined, True)
        # The tag comes with the answer and stays. The status goes back to `dialing` when the bridge has to join again.
        if participant.attributes.get("sip.callStatus") == "active" or participant.attributes.get("sip.callTag"):
            settle(self.answered, True)

    def _gone(self, participant):
        if participant.identity != self.identity:
            return
        # Without a reason, or replaced by itself: the person may still be on the line.
        losses = (None, rtc.DisconnectReason.UNKNOWN_REASON, rtc.DisconnectReason.DUPLICATE_IDENTITY)
        if self.away:
            self.away.cancel()
        if participant.disconnect_reason in losses:
            self.away = asyncio.get_running_loop().call_later(AWAY_SECONDS, self._end, "error")
        else:
            self._end("callee")

    def _end(self, by):
        for future, value in ((self.joined, False), (self.answered, False), (self.left, by)):
            settle(future, value)


def settle(future, value):
    if not future.done():
        future.set_result(value)


# Worker and server both pass over a worker at 0.7 or more: that is reached with so many calls, whatever the CPU does.
server = AgentServer(host=ENV.get("WORKER_HOST", "127.0.0.1"), port=int(ENV.get("WORKER_PORT", "8089")),
                     num_idle_processes=int(ENV.get("IDLE_PROCESSES", "2")), load_threshold=0.7,
                     load_fnc=lambda worker: 0.7 * len(worker.active_jobs) / CALLS_AT_ONCE)


# A worker without a name is sent to every room.
@server.rtc_session(agent_name=ENV.get("AGENT_NAME") or "leadline-agent")
async def entrypoint(ctx: JobContext):
    job = json.loads(ctx.job.metadata)
    room, mode, identity = job["room"], job["mode"], f"phone-{job['room']}"
    nc, report = await connect_agent()
    end = {}  # empty while nobody has answered: then there is nothing to tell

    async def beat():  # another agent is sent within seconds if this process dies
        while True:
            await nc.publish("agent.alive", json.dumps({"room": room}).encode())
            await asyncio.sleep(5)

    beating = None

    async def last_word():  # also when the worker is stopped in mid-call
        if beating:
            beating.cancel()
        if end:
            await report("agent.ended", room, **end)
        await nc.drain()

    ctx.add_shutdown_callback(last_word)
    await ctx.connect()
    phone = Phone(ctx.room, identity)
    models, classifier = open_models()
    session = AgentSession(**models)

    async def hang_up(**told):
        end.update(told, endedBy="agent")
        speech = session.generate_reply(instructions="Say goodbye in one short sentence.", tool_choice="none")
        await asyncio.wait([asyncio.ensure_future(speech.wait_for_playout())], timeout=8)
        try:
            await ctx.api.room.remove_participant(api.RoomParticipantIdentity(room=ctx.room.name, identity=identity))
        except api.ServerError as error:
            if error.code != "not_found":  # the person was quicker
                raise

    background = set()

    def soon(work):
        task = asyncio.create_task(work)
        background.add(task)
        task.add_done_callback(background.discard)

    answers = job.get("answers") or {"type": "object", "additionalProperties": {"type": "string"}}

    @function_tool(raw_schema={"name": "save_answers", "parameters": answers,
                               "description": "Save what the person said, each time they say something new, as short texts."})
    async def save_answers(raw_arguments: dict):
        await report("agent.qualified", room, mode=mode, qualification=raw_arguments)
        return "saved"

    @function_tool
    async def request_callback(words: str, confirmed: bool):
        """The person wants to be called at another time, in these words. Read the time back, then call this again as confirmed."""
        when = await asyncio.to_thread(ask_when, words, job.get("zone", "Asia/Kolkata"))
        if when and when["kind"] != "time":
            return f"ask which of these, or again if there is none: {when.get('readings')}"
        await report("agent.callback_requested", room, words=words, at=when and when["at"], confirmed=confirmed)
        return f"{when and when['at']}; we call at these hours only: {job.get('openings')}"

    @function_tool
    async def never_call_again():
        """The person never wants to be called again. It ends the call."""
        # At once, for a killed agent has no last word.
        await report("agent.qualified", room, mode=mode, qualification={"do_not_call": "yes"})
        soon(hang_up(doNotCall=True, disposition="do_not_call"))

    @function_tool
    async def end_call(disposition: str, language: str | None = None):
        """Say goodbye and hang up, when everything is said: interested, not_interested, wrong_number, language_barrier …"""
        soon(hang_up(disposition=disposition, language=language))

    tools = [save_answers, request_callback, never_call_again, end_call]
    options = room_io.RoomOptions(participant_identity=identity, close_on_disconnect=False)
    await session.start(agent=Agent(instructions=instructions(job), tools=tools), room=ctx.room, room_options=options)
    beating = asyncio.create_task(beat())
    await report("agent.ready", room)

    # Who answered: it listens from the phone's first sound on, and gives up 5 s after its start without one.
    await phone.joined
    who = None
    detection = {"no_speech_threshold": 2.5, "prompt": DETECTOR_PROMPT}
    async with AMD(session, llm=classifier, stt=None, participant_identity=identity, wait_until_finished=False, ivr_detection=False,
                   suppress_compatibility_warning=True, detection_options=detection) as detector:
        if not await phone.answered:
            return ctx.shutdown("nobody answered")
        end["endedBy"] = "error"
        answered_at = asyncio.get_running_loop().time()
        phone.left.add_done_callback(lambda left: over(left.result()))

        def over(by):
            if end["endedBy"] != "agent":
                end["endedBy"] = by
            ctx.shutdown("the call is over")

        if "takeover" not in job:
            verdict = asyncio.ensure_future(detector.execute())
            # After a restart of the server its status may never say `active`: our own ceiling ends the wait.
            await asyncio.wait([verdict, phone.left], timeout=25, return_when=asyncio.FIRST_COMPLETED)
            who = verdict.result() if verdict.done() and not verdict.exception() else None
    if who:
        leaves = who.category == "machine-vm" and not job.get("messageLeft")
        after_ms = round((asyncio.get_running_loop().time() - answered_at) * 1000)
        await report("agent.answered_by", room, category=who.category, afterMs=after_ms, detail=who.reason, messageLeft=leaves)
        if leaves:
            await session.generate_reply(instructions="Leave a message: who called, and why.").wait_for_playout()
        if who.category in ("machine-vm", "machine-unavailable"):
            return await hang_up(disposition="no_conversation")
    session.generate_reply(instructions="Excuse the break in the line, and go on." if "takeover" in job
                           else "Greet: say who calls and why.")


if __name__ == "__main__":
    cli.run_app(server)
