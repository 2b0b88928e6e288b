import { connect } from 'node:net';

export type Load = { perSecond: number; latenciesMs: number[]; refused: number };

type Target = { port: number; path: string; headers: Record<string, string> };

/**
 * Keeps `connections` requests in the air for `seconds`, or until so many `requests` were made where that comes first,
 * each on a connection of its own that stays open. Written on bare sockets because it shares the machine with what it measures: what a full HTTP client spends would be taken from the
 * service, and most from the quickest.
 * @throws Error when a connection ends early or an answer can't be read
 */
export async function generateLoad(
  target: Target,
  options: { connections: number; seconds: number; requests?: number; body: () => string },
): Promise<Load> {
  const latenciesMs: number[] = [];
  let refused = 0;
  const { connections, requests = Number.POSITIVE_INFINITY } = options;
  let asked = Math.min(connections, requests);
  const began = performance.now();
  const until = began + options.seconds * 1_000;
  const answered = (status: number, ms: number): boolean => {
    if (status >= 200 && status < 300) latenciesMs.push(ms);
    else refused++;
    if (performance.now() >= until || asked >= requests) return false;
    asked++;
    return true;
  };
  await Promise.all(
    Array.from({ length: asked }, () => keepAsking(toHead(target), target.port, options.body, answered)),
  );
  return { perSecond: (latenciesMs.length * 1_000) / (performance.now() - began), latenciesMs, refused };
}

function toHead({ port, path, headers }: Target): string {
  const lines = Object.entries({ host: `127.0.0.1:${port}`, 'content-type': 'application/json', ...headers });
  return `POST ${path} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}content-length: `;
}

/** One request after the other on one connection, until `answered` says that it is enough. */
function keepAsking(
  head: string,
  port: number,
  body: () => string,
  answered: (status: number, ms: number) => boolean,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    let sentAt = 0;
    let text = '';
    const ask = (): void => {
      const content = body();
      sentAt = performance.now();
      socket.write(`${head}${Buffer.byteLength(content)}\r\n\r\n${content}`);
    };
    socket.setNoDelay(true);
    socket.setEncoding('latin1');
    socket.once('connect', ask);
    socket.on('data', (chunk: string) => {
      text += chunk;
      const headEnd = text.indexOf('\r\n\r\n');
      if (headEnd < 0) return;
      const length = /\r\ncontent-length: *(\d+)/i.exec(text.slice(0, headEnd));
      if (length === null) {
        socket.destroy(new Error('an answer without content-length'));
        return;
      }
      if (text.length < headEnd + 4 + Number(length[1])) return;
      const status = Number(text.slice(9, 12));
      text = '';
      if (answered(status, performance.now() - sentAt)) ask();
      else socket.destroy();
    });
    socket.once('error', reject);
    socket.once('close', () => resolve());
    socket.once('end', () => reject(new Error('the service closed a connection under load')));
  });
}
