import { describeError } from '@leadline/messaging/describe-error';
import type { PulledPage } from '../sources/pull-adapter.ts';

export type FetchedPage =
  | PulledPage
  | { kind: 'failed'; detail: string; retryAfterMs: number | undefined }
  | { kind: 'limited'; detail: string; retryAfterMs: number | undefined };

const patienceMs = 30_000;
const maxBytes = 64 * 1024 * 1024;

/** Asks a vendor once. Never throws: it reports every failure, and never with the address, which holds the secret. */
export async function fetchPage(
  url: URL,
  readPage: (text: string) => PulledPage,
  around: { fetch: typeof fetch; stopping: AbortSignal },
): Promise<FetchedPage> {
  try {
    const response = await around.fetch(url, {
      headers: { accept: 'application/json', 'user-agent': 'Leadline' },
      redirect: 'manual',
      signal: AbortSignal.any([AbortSignal.timeout(patienceMs), around.stopping]),
    });
    const { status } = response;
    const retryAfterMs = readRetryAfter(response.headers.get('retry-after'));
    const text = await readText(response);
    if (status === 204 || status === 205) return { kind: 'rows', rows: [] };
    if (text === undefined)
      return { kind: 'failed', detail: `answered more than ${maxBytes} bytes`, retryAfterMs: undefined };
    if (status < 300) return readPage(text);
    const detail = [`answered ${status}`, toDetail(readPage(text))].filter((part) => part !== '').join(', ');
    if (status === 429) return { kind: 'limited', detail, retryAfterMs };
    if (status === 401 || status === 403) return { kind: 'refused', detail };
    return { kind: 'failed', detail, retryAfterMs };
  } catch (error) {
    // fetch's own error says nothing; its cause does.
    const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
    return { kind: 'failed', detail: `no answer (${describeError(cause)})`, retryAfterMs: undefined };
  }
}

/** The vendor's own words, where its status is an error. */
function toDetail(page: PulledPage): string {
  const detail = 'detail' in page ? page.detail : '';
  return detail.includes('no JSON') ? '' : detail;
}

/** Undefined when the body does not end in time. */
async function readText(response: Response): Promise<string | undefined> {
  if (response.body === null) return '';
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  for await (const chunk of response.body) {
    bytes += chunk.length;
    if (bytes > maxBytes) return undefined;
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

function readRetryAfter(header: string | null): number | undefined {
  if (header === null) return undefined;
  const ms = /^\d+$/.test(header) ? Number(header) * 1_000 : Date.parse(header) - Date.now();
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}
