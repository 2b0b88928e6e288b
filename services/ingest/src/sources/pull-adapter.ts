import type { Written } from './read-json.ts';
import type { SourceAdapter } from './adapter.ts';

export type PulledPage =
  | { kind: 'rows'; rows: Record<string, Written>[] }
  /** Enquiries, and the vendor's word that it did not tell all of them: these are kept, and the window is asked for again. */
  | { kind: 'some'; rows: Record<string, Written>[]; rest: Extract<PulledPage, { detail: string }> }
  /** Status 200 and no text in it. After enquiries it is their end; as the first answer each vendor means its own. */
  | { kind: 'blank' }
  /** Asked too often, or too early. */
  | { kind: 'limited'; detail: string; retryAfterMs?: number }
  /** The vendor will not answer until somebody mends what we are told to send. */
  | { kind: 'refused'; detail: string }
  | { kind: 'unreadable'; detail: string };

export type PollWindow = { from: Date; to: Date };

/** A vendor that is asked for what came in. */
export type PullAdapter = {
  /** Reads its rows one by one, as if they had been pushed. */
  adapter: SourceAdapter;
  /** The parts of a connection's secret, in this order with a colon between. */
  credentials: readonly string[];
  /** Between two questions. */
  everyMs: number;
  /** Never sooner than this, whatever happens. */
  leastGapMs: number;
  /** How far back each window begins before the end of the last one: what a vendor shows late is not missed. */
  overlapMs: number;
  /** The longest window that may be asked for. */
  longestMs: number;
  /** Rows come in pages, counted from 1, until an empty one. */
  paged: boolean;
  /** Whether a first page without text says that nobody has enquired; else it is a failure, for this vendor never says so. */
  blankIsNothing: boolean;
  /** Where it is asked, below the vendor's address. */
  path: string;
  /** Below `base`. It holds the secret: never logged. */
  toUrl(base: string, credentials: readonly string[], window: PollWindow, page: number): URL;
  readPage(text: string): PulledPage;
};

/** @returns undefined when the secret has not all of its parts */
export function readCredentials(pull: PullAdapter, secret: string): string[] | undefined {
  const { length } = pull.credentials;
  const parts = secret.split(':');
  // What is left over belongs to the last part, which is the vendor's key.
  const all = [...parts.slice(0, length - 1), parts.slice(length - 1).join(':')].map((part) => part.trim());
  return parts.length >= length && all.every((part) => part !== '') ? all : undefined;
}

/** Below a base that may have a path of its own. */
export function toUrlBelow(base: string, path: string, query: Record<string, string>): URL {
  const url = new URL(path, base.endsWith('/') ? base : `${base}/`);
  url.search = new URLSearchParams(query).toString();
  return url;
}
