import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { WrongUse } from '../exit-codes.ts';

const packageName = '@livekit/rtc-node';
const version = '0.13.35';

/** What we use of LiveKit's client for Node. It brings 60 MB of native code, so Leadline does not install it. */
export type RtcNode = {
  Room: new () => RtcRoom;
  AudioSource: new (sampleRate: number, channels: number) => RtcAudioSource;
  AudioFrame: new (samples: Int16Array, sampleRate: number, channels: number, perChannel: number) => object;
  AudioStream: new (track: object) => AsyncIterable<{ data: Int16Array }>;
  LocalAudioTrack: { createAudioTrack(name: string, source: RtcAudioSource): object };
  TrackPublishOptions: new (options: object) => object;
  TrackSource: { SOURCE_MICROPHONE: number };
  DisconnectReason: Record<number, string>;
  dispose(): Promise<void>;
};

export type RtcRoom = {
  connect(url: string, token: string, options: { autoSubscribe: boolean; dynacast: boolean }): Promise<void>;
  disconnect(): Promise<void>;
  on(event: 'disconnected', heard: (reason: number) => void): unknown;
  on(event: 'trackSubscribed', heard: (track: { kind?: number }) => void): unknown;
  localParticipant?: {
    publishTrack(track: object, options: object): Promise<unknown>;
    sendText(text: string, options: { topic: string }): Promise<unknown>;
  };
};

type RtcAudioSource = { captureFrame(frame: object): Promise<void>; close(): Promise<void> };

/**
 * Loads the client from where our packages are, from the state folder, or from the folder in which the command runs.
 * @throws WrongUse with what to install
 */
export async function loadRtcNode(stateDir: string): Promise<RtcNode> {
  const places = [import.meta.dirname, join(stateDir, 'rtc-node'), process.cwd()];
  for (const place of places) {
    const from = createRequire(join(place, 'here.js'));
    const path = find(from);
    if (path === undefined) continue;
    const rtc: RtcNode = await import(pathToFileURL(path).href);
    silence(from, dirname(path));
    return rtc;
  }
  throw new WrongUse(
    `this plays a phone with ${packageName}, which is not installed: ` +
      `npm install --prefix ${join(stateDir, 'rtc-node')} ${packageName}@${version}`,
  );
}

function find(from: NodeJS.Require): string | undefined {
  try {
    return from.resolve(packageName);
  } catch {
    return undefined;
  }
}

/** The client logs each step to standard output, where our result belongs. Its logger is no part of its face. */
function silence(from: NodeJS.Require, folder: string): void {
  try {
    const { log }: { log: { level: string } } = from(join(folder, 'log.cjs'));
    log.level = 'silent';
  } catch {
    // Another version: its lines stand before the result.
  }
}
