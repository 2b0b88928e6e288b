import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

export type Link = {
  /** The given URL, led over the link. */
  url: string;
  /** Ends all connections and takes no new ones until `mend`. */
  cut(): void;
  mend(): void;
  /**
   * The next request in which `holds` finds what it looks for still reaches the server; its answer, and all after it,
   * never comes back. Resolves when the server's answer was there: what was asked for is done.
   */
  loseAnswerTo(holds: (request: string) => boolean): Promise<void>;
  close(): Promise<void>;
};

/** A TCP link between a service and a server that a test can cut, or make lose an answer. */
export async function openLink(url: string): Promise<Link> {
  const target = new URL(url);
  const pairs = new Set<[Socket, Socket]>();
  let isCut = false;
  let losing: { holds: (request: string) => boolean; done: PromiseWithResolvers<void> } | undefined;

  const server = createServer((near) => {
    if (isCut) {
      near.destroy();
      return;
    }
    const far = connect(Number(target.port), target.hostname);
    const pair: [Socket, Socket] = [near, far];
    let lost: PromiseWithResolvers<void> | undefined;
    pairs.add(pair);
    const end = (): void => {
      pairs.delete(pair);
      near.destroy();
      far.destroy();
    };
    for (const socket of pair) socket.on('error', end).on('close', end);
    near.on('data', (chunk) => {
      if (losing?.holds(chunk.toString('latin1')) === true) {
        lost = losing.done;
        losing = undefined;
      }
      far.write(chunk);
    });
    far.on('data', (chunk) => {
      if (lost === undefined) near.write(chunk);
      else lost.resolve();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const cut = (): void => {
    isCut = true;
    for (const [near, far] of pairs) {
      near.destroy();
      far.destroy();
    }
  };
  const linked = new URL(url);
  linked.hostname = '127.0.0.1';
  linked.port = String((server.address() as AddressInfo).port);
  return {
    url: linked.href,
    cut,
    mend: () => {
      isCut = false;
    },
    loseAnswerTo(holds) {
      losing = { holds, done: Promise.withResolvers() };
      return losing.done.promise;
    },
    async close() {
      cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
