import { CommandUnanswered } from '@leadline/messaging/ask';
import { WrongUse } from './exit-codes.ts';
import type { CliConfig } from './config.ts';

export type LiveKitLogin = { url: string; apiKey: string; apiSecret: string };

/** @throws WrongUse that names what is not set */
export function toLiveKitLogin(config: CliConfig): LiveKitLogin {
  const { LIVEKIT_URL: url, LIVEKIT_API_KEY: apiKey, LIVEKIT_API_SECRET: apiSecret } = config;
  const missing = Object.entries({ LIVEKIT_URL: url, LIVEKIT_API_KEY: apiKey, LIVEKIT_API_SECRET: apiSecret })
    .filter(([, value]) => value === undefined)
    .map(([name]) => name);
  if (url === undefined || apiKey === undefined || apiSecret === undefined)
    throw new WrongUse(`set ${missing.join(', ')}: this command asks LiveKit itself`);
  return { url, apiKey, apiSecret };
}

/**
 * Asks LiveKit.
 * @throws CommandUnanswered with words for a person where LiveKit refuses the key or is not reached
 */
export async function askLiveKit<T>(work: () => Promise<T>): Promise<T> {
  const { toFaultWords } = await import('@leadline/telephony/livekit');
  try {
    return await work();
  } catch (error) {
    if (error instanceof WrongUse) throw error;
    throw new CommandUnanswered(`LiveKit ${toFaultWords(error)}`);
  }
}
