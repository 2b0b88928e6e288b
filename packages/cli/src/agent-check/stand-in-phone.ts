import type { Rehearsal } from '@leadline/telephony/rehearsal';
import { setTimeout as wait } from 'node:timers/promises';
import type { RtcNode, RtcRoom } from './load-rtc-node.ts';

/** A telephone line's sound: 8 kHz, in frames of 100 ms. */
const sampleRate = 8_000;
const frameSamples = sampleRate / 10;
/** Louder than the noise of a codec, softer than any speech. */
const speechLevel = 300;

export type Phone = {
  ring(): Promise<void>;
  answer(): Promise<void>;
  /** The person says this: as text, which LiveKit's AgentSession takes for speech. */
  say(text: string): Promise<void>;
  /** The bridge loses its connection and joins anew, with an old status, as after a restart of LiveKit's Redis. */
  rejoin(): Promise<void>;
  hangUp(): Promise<void>;
  /** When the agent was first heard. */
  heardAgentAt(): Date | undefined;
  /** Why the leg is gone, by LiveKit's word; undefined while it is there. */
  goneBecause(): string | undefined;
};

/** Joins as the phone leg of this room, which dials. It sends silence, as an open line does. */
export async function joinAsPhone(rtc: RtcNode, rehearsal: Rehearsal, room: string): Promise<Phone> {
  let heardAgentAt: Date | undefined;
  let goneBecause: string | undefined;
  const callTag = { 'sip.callTag': `tag-${room}` };

  const connect = async (attributes: Record<string, string>): Promise<RtcRoom> => {
    const joining = new rtc.Room();
    joining.on('trackSubscribed', (track) => void listen(track));
    joining.on('disconnected', (reason) => {
      if (joining === line) goneBecause = rtc.DisconnectReason[reason] ?? 'UNKNOWN_REASON';
    });
    const token = await rehearsal.phoneToken(room, attributes);
    await joining.connect(rehearsal.url, token, { autoSubscribe: true, dynacast: false });
    const source = new rtc.AudioSource(sampleRate, 1);
    const track = rtc.LocalAudioTrack.createAudioTrack('phone', source);
    const options = new rtc.TrackPublishOptions({ source: rtc.TrackSource.SOURCE_MICROPHONE });
    await joining.localParticipant?.publishTrack(track, options);
    void keepSilent(joining, source);
    return joining;
  };
  const keepSilent = async (of: RtcRoom, source: InstanceType<RtcNode['AudioSource']>): Promise<void> => {
    const silence = new rtc.AudioFrame(new Int16Array(frameSamples), sampleRate, 1, frameSamples);
    const isOpen = (): boolean => goneBecause === undefined && (line === undefined || line === of);
    while (isOpen()) {
      await source.captureFrame(silence).catch(() => undefined);
      await wait(100);
    }
    await source.close().catch(() => undefined);
  };
  const listen = async (track: object): Promise<void> => {
    for await (const { data } of new rtc.AudioStream(track)) {
      if (heardAgentAt !== undefined) return;
      if (data.some((sample) => Math.abs(sample) > speechLevel)) heardAgentAt = new Date();
    }
  };

  let line: RtcRoom | undefined;
  line = await connect({ 'sip.callStatus': 'dialing' });
  return {
    ring: () => rehearsal.setPhone(room, { 'sip.callStatus': 'ringing' }),
    answer: () => rehearsal.setPhone(room, { 'sip.callStatus': 'active', ...callTag }),
    async say(text) {
      await line?.localParticipant?.sendText(text, { topic: 'lk.chat' });
    },
    async rejoin() {
      const before = line;
      line = undefined;
      line = await connect({ 'sip.callStatus': 'dialing', ...callTag });
      await before?.disconnect().catch(() => undefined);
    },
    async hangUp() {
      goneBecause ??= 'CLIENT_INITIATED';
      await line?.disconnect();
    },
    heardAgentAt: () => heardAgentAt,
    goneBecause: () => goneBecause,
  };
}
