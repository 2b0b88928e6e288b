import { llm, tts, type APIConnectOptions, type voice } from '@livekit/agents';
import { AudioFrame } from '@livekit/rtc-node';
import { existsSync, readFileSync } from 'node:fs';

const { env } = process;
type Models = { session: voice.AgentSessionOptions; classifier: llm.LLM };

/** The words of LiveKit's own detector are American ones. */
export const detectorPrompt = `Which of human, machine-ivr, machine-vm, machine-unavailable or uncertain is this greeting of a call in India?
"Haan ji?", "Boliye", "Woh abhi nahi hain": human. "The number you have dialled is switched off", "aap jis vyakti se
sampark karna chahte hain": machine-unavailable. "Please record your message": machine-vm. "Press 1", "who is calling?": machine-ivr.`;

type Job = { name: string; products: string[]; language?: string; callback?: object; takeover?: object };

/** What the agent knows before it speaks. PROMPT is your own script. */
export const toInstructions = ({ name, products, language, callback, takeover }: Job): string =>
  `${env.PROMPT ?? 'Somebody asked for an offer: ask what they need, where they are, and what they may spend.'}
Say first that you are an automated assistant. Speak ${language ?? 'as they do, Hindi or English'}, briefly. Save each answer
at once. What is known, and is not asked again: ${JSON.stringify({ name, products, callback, takeover })}`;

/** MODELS chooses who talks: `scripted`, `openai` or `sarvam`. The classifier is a text model that tells who answered. */
export async function openModels(): Promise<Models> {
  const name = env.MODELS ?? 'scripted';
  if (name === 'scripted') {
    const scripted = new Scripted();
    return { session: { llm: scripted, tts: new Clips(24_000, 1, { streaming: false }) }, classifier: scripted };
  }
  const openai = await import('@livekit/agents-plugin-openai');
  if (name === 'openai')
    return {
      session: { llm: new openai.realtime.RealtimeModel({ model: env.OPENAI_MODEL ?? 'gpt-realtime' }) },
      classifier: new openai.LLM({ model: 'gpt-4.1-mini' }),
    };
  if (name !== 'sarvam') throw new Error('MODELS must be scripted, openai or sarvam');
  const sarvam = await import('@livekit/agents-plugin-sarvam');
  const text = new openai.LLM({
    model: 'sarvam-m',
    baseURL: 'https://api.sarvam.ai/v1',
    apiKey: env.SARVAM_API_KEY ?? '',
  });
  return { session: { stt: new sarvam.STT(), llm: text, tts: new sarvam.TTS() }, classifier: text };
}

/** Stands for a language model: it does what the person's last sentence says, by these words. */
const script: [RegExp, string, (said: string) => object][] = [
  [/never call/i, 'never_call_again', () => ({})],
  [/call me (.+)/i, 'request_callback', (said) => ({ words: said.replace(/.*call me /i, ''), confirmed: true })],
  [/\bbye\b/i, 'end_call', () => ({ disposition: 'interested' })],
  [/.+: .+/, 'save_answers', (said) => Object.fromEntries(said.split('; ').map((one) => one.split(': ')))],
];

class Scripted extends llm.LLM {
  override label = () => 'scripted';
  override chat(given: Parameters<llm.LLM['chat']>[0]): llm.LLMStream {
    return new ScriptedStream(this, { connOptions: { maxRetry: 0, retryIntervalMs: 0, timeoutMs: 9_000 }, ...given });
  }
}

class ScriptedStream extends llm.LLMStream {
  protected override async run(): Promise<void> {
    const last = this.chatCtx.items.filter(({ type }) => type !== 'agent_config_update').at(-1);
    const said = last?.type === 'message' && last.role === 'user' ? (last.textContent ?? '') : undefined;
    const [, name, read] = script.find(([words]) => said !== undefined && words.test(said)) ?? [];
    const call =
      name && new llm.FunctionCall({ callId: crypto.randomUUID(), name, args: JSON.stringify(read?.(said ?? '')) });
    this.queue.put({
      id: 'scripted',
      delta: { role: 'assistant', ...(call ? { toolCalls: [call] } : { content: 'Namaste.' }) },
    });
  }
}

/** Speaks SCRIPTED_WAV (24 kHz, mono, 16 bits), or half a second of silence. */
class Clips extends tts.TTS {
  override label = 'clips';
  override synthesize = (text: string, options?: APIConnectOptions, signal?: AbortSignal) =>
    new Clip(text, this, options, signal);
  override stream(): tts.SynthesizeStream {
    throw new Error('clips do not stream');
  }
}

class Clip extends tts.ChunkedStream {
  override label = 'clip';
  protected override async run(): Promise<void> {
    const file = env.SCRIPTED_WAV ?? '';
    const bytes = existsSync(file) ? readFileSync(file).subarray(44) : Buffer.alloc(24_000);
    const frame = new AudioFrame(new Int16Array(new Uint8Array(bytes).buffer), 24_000, 1, bytes.length / 2);
    this.queue.put({ requestId: 'clip', segmentId: 'clip', frame, final: true });
  }
}
