import { SIPTransport } from '@livekit/protocol';
import { SipClient } from 'livekit-server-sdk';

/** An outbound trunk as LiveKit knows it. No password: LiveKit would tell it to whoever has the key. */
export type Trunk = { id: string; name: string; address: string; numbers: string[]; user: string };

/** The way to a telephone provider, as one makes it. `numbers`: those that callees may see, E.164. */
export type NewTrunk = Omit<Trunk, 'id'> & { password: string | undefined; transport: keyof typeof transports };

export const transports = {
  auto: SIPTransport.SIP_TRANSPORT_AUTO,
  udp: SIPTransport.SIP_TRANSPORT_UDP,
  tcp: SIPTransport.SIP_TRANSPORT_TCP,
  tls: SIPTransport.SIP_TRANSPORT_TLS,
} as const;

/** Makes, lists and deletes outbound trunks. Throws the SDK's errors; show them only through `toFaultWords`. */
export function openTrunks({ url, apiKey, apiSecret }: { url: string; apiKey: string; apiSecret: string }) {
  const sip = new SipClient(url, apiKey, apiSecret, { failover: false });
  return {
    async create({ name, address, numbers, user, password, transport }: NewTrunk): Promise<Trunk> {
      const made = await sip.createSipOutboundTrunk(name, address, numbers, {
        transport: transports[transport],
        ...(user === '' ? {} : { authUsername: user }),
        ...(password === undefined ? {} : { authPassword: password }),
      });
      return toTrunk(made);
    },
    async list(): Promise<Trunk[]> {
      return (await sip.listSipOutboundTrunk()).map(toTrunk);
    },
    /** Nothing dials over it any more. The provider is not told. */
    async remove(id: string): Promise<void> {
      await sip.deleteSipTrunk(id);
    },
  };
}

function toTrunk(found: {
  sipTrunkId: string;
  name: string;
  address: string;
  numbers: string[];
  authUsername: string;
}): Trunk {
  const { sipTrunkId: id, name, address, numbers, authUsername: user } = found;
  return { id, name, address, numbers: [...numbers], user };
}
