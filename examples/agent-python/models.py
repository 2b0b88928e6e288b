"""Who talks, by MODELS: `scripted` (needs no key), `openai` or `sarvam`."""
import json
import os
import re
import uuid
from pathlib import Path

from livekit.agents import llm, tts
from livekit.agents.types import DEFAULT_API_CONNECT_OPTIONS

# The words of LiveKit's own detector are American ones.
DETECTOR_PROMPT = """Which of human, machine-ivr, machine-vm, machine-unavailable or uncertain is this greeting of a call in India?
"Haan ji?", "Boliye", "Woh abhi nahi hain": human. "The number you have dialled is switched off", "aap jis vyakti se
sampark karna chahte hain": machine-unavailable. "Please record your message": machine-vm. "Press 1", "who is calling?": machine-ivr."""


def instructions(job: dict) -> str:
    """What the agent knows before it speaks. PROMPT is your own script."""
    known = {key: job.get(key) for key in ("name", "products", "callback", "takeover")}
    script = os.environ.get("PROMPT", "Somebody asked for an offer: ask what they need, where they are, and what they may spend.")
    return f"""{script}
Say first that you are an automated assistant. Speak {job.get("language") or "as they do, Hindi or English"}, briefly. Save each
answer at once. What is known, and is not asked again: {json.dumps(known, ensure_ascii=False)}"""


def open_models() -> tuple[dict, llm.LLM]:
    """What AgentSession takes, and a text model that tells who answered: a realtime model can't."""
    name = os.environ.get("MODELS", "scripted")
    if name == "scripted":
        return {"llm": Scripted(), "tts": Clips()}, Scripted()
    from livekit.plugins import openai
    if name == "openai":
        return {"llm": openai.realtime.RealtimeModel(model=os.environ.get("OPENAI_MODEL", "gpt-realtime"))}, openai.LLM(model="gpt-4.1-mini")
    if name != "sarvam":
        raise ValueError("MODELS must be scripted, openai or sarvam")
    from livekit.plugins import sarvam
    text = openai.LLM(model="sarvam-m", base_url="https://api.sarvam.ai/v1", api_key=os.environ["SARVAM_API_KEY"])
    return {"stt": sarvam.STT(), "llm": text, "tts": sarvam.TTS()}, text


# What the scripted model does when the person says this.
SCRIPT = [
    (r"never call", "never_call_again", lambda said: {}),
    (r"call me (.+)", "request_callback", lambda said: {"words": re.sub(r".*call me ", "", said), "confirmed": True}),
    (r"\bbye\b", "end_call", lambda said: {"disposition": "interested"}),
    (r".+: .+", "save_answers", lambda said: dict(one.split(": ") for one in said.split("; "))),
]


class Scripted(llm.LLM):
    def chat(self, *, chat_ctx, tools=None, conn_options=DEFAULT_API_CONNECT_OPTIONS, **_):
        return ScriptedStream(self, chat_ctx=chat_ctx, tools=tools or [], conn_options=conn_options)


class ScriptedStream(llm.LLMStream):
    async def _run(self):
        last = [item for item in self.chat_ctx.items if item.type != "agent_config_update"][-1:]
        said = last[0].text_content if last and last[0].type == "message" and last[0].role == "user" else None
        found = next((row for row in SCRIPT if said and re.search(row[0], said, re.I)), None)
        delta = llm.ChoiceDelta(role="assistant", content="Namaste.")
        if found:
            call = llm.FunctionToolCall(name=found[1], arguments=json.dumps(found[2](said)), call_id=str(uuid.uuid4()))
            delta = llm.ChoiceDelta(role="assistant", tool_calls=[call])
        self._event_ch.send_nowait(llm.ChatChunk(id="scripted", delta=delta))


class Clips(tts.TTS):
    """Speaks SCRIPTED_WAV (24 kHz, mono, 16 bits), or half a second of silence."""

    def __init__(self):
        super().__init__(capabilities=tts.TTSCapabilities(streaming=False), sample_rate=24_000, num_channels=1)

    def synthesize(self, text, *, conn_options=DEFAULT_API_CONNECT_OPTIONS):
        return Clip(tts=self, input_text=text, conn_options=conn_options)


class Clip(tts.ChunkedStream):
    async def _run(self, output_emitter):
        wav = os.environ.get("SCRIPTED_WAV")
        output_emitter.initialize(request_id="clip", sample_rate=24_000, num_channels=1, mime_type="audio/pcm")
        output_emitter.push(Path(wav).read_bytes()[44:] if wav else bytes(24_000))
        output_emitter.flush()
