import { SignalResponse } from '@livekit/protocol';
import { AccessToken } from 'livekit-server-sdk';

/** Long enough for a server at the other end of the world. */
const patienceMs = 5_000;

/**
 * The server's version, as it tells whoever joins a room: we join that room as a hidden guest, and leave at once. Undefined
 * where it tells none, as LiveKit Cloud may, or does not let us in.
 */
export async function readServerVersion(
  { url, apiKey, apiSecret }: { url: string; apiKey: string; apiSecret: string },
  room: string,
): Promise<string | undefined> {
  const token = new AccessToken(apiKey, apiSecret, { identity: 'leadline-doctor', ttl: 60 });
  token.addGrant({ roomJoin: true, room, hidden: true, canPublish: false, canSubscribe: false });
  const address = new URL('/rtc', url.replace(/^http/, 'ws'));
  address.search = new URLSearchParams({
    access_token: await token.toJwt(),
    protocol: '15',
    sdk: 'js',
    auto_subscribe: '0',
  }).toString();
  const socket = new WebSocket(address);
  socket.binaryType = 'arraybuffer';
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  const timer = setTimeout(() => resolve(undefined), patienceMs);
  socket.addEventListener('message', ({ data }) => {
    if (!(data instanceof ArrayBuffer)) return;
    const { message } = SignalResponse.fromBinary(new Uint8Array(data));
    if (message.case === 'join') resolve(message.value.serverInfo?.version ?? undefined);
  });
  socket.addEventListener('error', () => resolve(undefined));
  socket.addEventListener('close', () => resolve(undefined));
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    socket.close();
  }
}
