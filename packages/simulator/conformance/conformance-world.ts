import { SIPOutboundConfig } from '@livekit/protocol';
import { AccessToken, AgentDispatchClient, RoomServiceClient, SipClient, WebhookReceiver } from 'livekit-server-sdk';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { readSimulatorConfig } from '../src/config.ts';
import type { TwirpCall } from './recording.ts';
import { startSimulator } from '../src/start-simulator.ts';

export const timeFactor = 10;
export const key = { apiKey: 'devkey', apiSecret: 'a-secret-of-thirty-two-characters' };

export type Received = {
  atMs: number;
  headers: IncomingHttpHeaders;
  /** The signed bytes. */
  text: string;
  body: Record<string, unknown>;
};
export type World = Awaited<ReturnType<typeof startWorld>>;

/** Starts a simulated world, a receiver of its webhooks, and the real SDK's clients. */
export async function startWorld(options: { trunkId: string; answerWebhook?: () => number | Promise<number> }) {
  const received: Received[] = [];
  const unsigned: unknown[] = [];
  const receiver = new WebhookReceiver(key.apiKey, key.apiSecret);
  const hooks = createServer((request, response) => {
    void (async () => {
      const text = Buffer.concat(await request.toArray()).toString();
      await receiver.receive(text, request.headers.authorization).catch((error: unknown) => unsigned.push(error));
      const body = z.record(z.string(), z.unknown()).parse(JSON.parse(text));
      received.push({ atMs: performance.now(), headers: request.headers, text, body });
      response.statusCode = (await options.answerWebhook?.()) ?? 200;
      response.end();
    })();
  });
  const logs = mkdtempSync(join(tmpdir(), 'leadline-simulator-'));
  const simulator = await startSimulator(
    readSimulatorConfig({
      LOG_LEVEL: 'silent',
      LIVEKIT_API_KEY: key.apiKey,
      LIVEKIT_API_SECRET: key.apiSecret,
      SIP_TRUNK_ID: options.trunkId,
      WEBHOOK_URL: await listening(hooks),
      PHONE_LOG: join(logs, 'phone.jsonl'),
      CRM_LOG: join(logs, 'crm.jsonl'),
      CRM_API_KEY: 'crm-key',
      TIME_FACTOR: String(timeFactor),
    }),
  );
  const clients = (token?: string): Clients => {
    const given = { failover: false, ...(token === undefined ? {} : { token }) };
    return {
      sip: new SipClient(simulator.url, key.apiKey, key.apiSecret, given),
      rooms: new RoomServiceClient(simulator.url, key.apiKey, key.apiSecret, given),
      agents: new AgentDispatchClient(simulator.url, key.apiKey, key.apiSecret, given),
    };
  };

  return {
    url: simulator.url,
    received,
    /** Errors of the SDK's receiver, for webhooks that it did not accept. */
    unsigned,
    ...clients(),
    async control(path: 'script' | 'faults', body: unknown): Promise<void> {
      const response = await fetch(`${simulator.url}/control/${path}`, {
        method: 'POST',
        body: JSON.stringify(body),
        headers: { 'content-type': 'application/json' },
      });
      if (!response.ok) throw new Error(`the control API answered ${response.status}: ${await response.text()}`);
    },
    /** How often each event happened to a phone. */
    phone(number: string): Record<string, number> {
      const counts: Record<string, number> = {};
      for (const line of readFileSync(simulator.phoneLog, { encoding: 'utf8', flag: 'a+' })
        .split('\n')
        .filter(Boolean)) {
        const { event, number: of } = phoneLine.parse(JSON.parse(line));
        if (of === number) counts[event] = (counts[event] ?? 0) + 1;
      }
      return counts;
    },
    /**
     * Repeats a recorded API call over the wire. `undefined` for the token means every grant, `null` means no token.
     */
    async post(
      { path, body }: TwirpCall,
      token?: string | null,
    ): Promise<{ httpStatus: number; contentType: string | null; body: unknown }> {
      const response = await fetch(new URL(path, simulator.url), {
        method: 'POST',
        body: typeof body === 'string' ? body : JSON.stringify(body),
        headers: {
          'content-type': 'application/json',
          ...(token === null ? {} : { authorization: `Bearer ${token ?? (await signToken(body))}` }),
        },
      });
      const contentType = response.headers.get('content-type');
      const answered = contentType === 'application/json' ? await response.json() : await response.text();
      return { httpStatus: response.status, contentType, body: answered };
    },
    /** Makes the same call through the SDK. */
    async call({ path, body }: TwirpCall, token?: string): Promise<unknown> {
      const { sip, rooms, agents } = clients(token);
      const method = methods[path.replace('/twirp/livekit.', '')];
      if (method === undefined) throw new Error(`no way to call ${path} through the SDK`);
      return method({ sip, rooms, agents }, body);
    },
    async [Symbol.asyncDispose](): Promise<void> {
      await simulator.stop();
      hooks.closeAllConnections();
      await new Promise((resolve) => hooks.close(resolve));
      rmSync(logs, { recursive: true });
    },
  };
}

async function signToken(body: unknown): Promise<string> {
  const { room } = z.object({ room: z.string().exactOptional() }).catch({}).parse(body);
  const token = new AccessToken(key.apiKey, key.apiSecret);
  token.addSIPGrant({ call: true });
  token.addGrant({ roomCreate: true, roomList: true, ...(room === undefined ? {} : { roomAdmin: true, room }) });
  return token.toJwt();
}

const phoneLine = z.object({ event: z.string(), number: z.string() });

type Clients = { sip: SipClient; rooms: RoomServiceClient; agents: AgentDispatchClient };

const text = z.string().default('');
const named = z.object({ room: text, identity: text, metadata: text, dispatchId: text });
const newRoom = z.object({
  name: z.string(),
  emptyTimeout: z.number().exactOptional(),
  departureTimeout: z.number().exactOptional(),
  metadata: z.string().exactOptional(),
});
const changes = z.object({
  metadata: z.string().exactOptional(),
  attributes: z.record(z.string(), z.string()).exactOptional(),
});
const seconds = z
  .string()
  .transform((given) => Number.parseFloat(given))
  .exactOptional();
const dialled = z.object({
  sipTrunkId: text,
  trunk: z.custom<Parameters<typeof SIPOutboundConfig.fromJson>[0]>().exactOptional(),
  sipCallTo: text,
  sipNumber: z.string().exactOptional(),
  roomName: text,
  participantIdentity: text,
  participantAttributes: z.record(z.string(), z.string()).exactOptional(),
  displayName: z.string().exactOptional(),
  headers: z.record(z.string(), z.string()).exactOptional(),
  ringingTimeout: seconds,
  maxCallDuration: seconds,
  waitUntilAnswered: z.boolean().exactOptional(),
  clientTimeoutSeconds: z.number().exactOptional(),
});

/** The SDK call for each recorded body. */
const methods: Record<string, (clients: Clients, body: unknown) => Promise<unknown>> = {
  'SIP/CreateSIPParticipant': ({ sip }, body) => {
    const { sipTrunkId, trunk, sipCallTo, roomName, sipNumber, clientTimeoutSeconds, ...rest } = dialled.parse(body);
    const given = {
      ...rest,
      ...(sipNumber === undefined ? {} : { fromNumber: sipNumber }),
      ...(clientTimeoutSeconds === undefined ? {} : { timeout: clientTimeoutSeconds }),
    };
    const config = trunk === undefined ? undefined : SIPOutboundConfig.fromJson(trunk);
    return sip.createSipParticipant(sipTrunkId, sipCallTo, roomName, given, config);
  },
  'RoomService/CreateRoom': ({ rooms }, body) => rooms.createRoom(newRoom.parse(body)),
  'RoomService/ListRooms': ({ rooms }, body) =>
    rooms.listRooms(z.object({ names: z.array(z.string()).default([]) }).parse(body).names),
  'RoomService/DeleteRoom': ({ rooms }, body) => rooms.deleteRoom(named.parse(body).room),
  'RoomService/ListParticipants': ({ rooms }, body) => rooms.listParticipants(named.parse(body).room),
  'RoomService/GetParticipant': ({ rooms }, body) => {
    const { room, identity } = named.parse(body);
    return rooms.getParticipant(room, identity);
  },
  'RoomService/RemoveParticipant': ({ rooms }, body) => {
    const { room, identity } = named.parse(body);
    return rooms.removeParticipant(room, identity);
  },
  'RoomService/UpdateRoomMetadata': ({ rooms }, body) => {
    const { room, metadata } = named.parse(body);
    return rooms.updateRoomMetadata(room, metadata);
  },
  'RoomService/UpdateParticipant': ({ rooms }, body) => {
    const { room, identity } = named.parse(body);
    return rooms.updateParticipant(room, identity, changes.parse(body));
  },
  'AgentDispatchService/ListDispatch': ({ agents }, body) => agents.listDispatch(named.parse(body).room),
  'AgentDispatchService/DeleteDispatch': ({ agents }, body) => {
    const { room, dispatchId } = named.parse(body);
    return agents.deleteDispatch(dispatchId, room);
  },
};

async function listening(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = z.object({ port: z.number() }).parse(server.address());
  return `http://127.0.0.1:${address.port}/webhook`;
}
