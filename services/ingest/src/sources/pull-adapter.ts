import type { Written } from './read-json.ts';
import type { SourceAdapter } from './adapter.ts';

export type PulledPage =
  | { kind: 'rows'; rows: Record<string, Written>[] }
  /** Some enquiries, and the vendor says that there are more: keep these, and ask for the window again. */
  | { kind: 'some'; rows: Record<string, Written>[]; rest: Extract<PulledPage, { detail: string }> }
  /** Status 200 without any text. After enquiries it ends them; as a first answer its meaning depends on the vendor. */
  | { kind: 'blank' }
  /** We asked too often or too early. */
  | { kind: 'limited'; detail: string; retryAfterMs?: number }
  /** The vendor refuses until somebody corrects our key or request. */
  | { kind: 'refused'; detail: string }
  | { kind: 'unreadable'; detail: string };

export type PollWindow = { from: Date; to: Date };

/** A vendor that we ask for enquiries. */
export type PullAdapter = {
  /** Reads its rows one by one, as if the vendor had pushed them. */
  adapter: SourceAdapter;
  /** The parts of a connection's secret, in this order with a colon between. */
  credentials: readonly string[];
  /** The time between two requests. */
  everyMs: number;
  /** The least time between two requests, whatever happens. */
  leastGapMs: number;
  /** How far each window reaches back before the end of the last one, because a vendor may show an enquiry late. */
  overlapMs: number;
  /** The longest window that may be asked for. */
  longestMs: number;
  /** Rows come in pages, counted from 1, until an empty one. */
  paged: boolean;
  /** Whether a first page without text means that nobody has enquired. If false, it is a failure. */
  blankIsNothing: boolean;
  /** The path below the vendor's address. */
  path: string;
  /** The address below `base`. It holds the secret: never log it. */
  toUrl(base: string, credentials: readonly string[], window: PollWindow, page: number): URL;
  readPage(text: string): PulledPage;
};

/** @returns undefined when the secret lacks one of its parts */
export function readCredentials(pull: PullAdapter, secret: string): string[] | undefined {
  const { length } = pull.credentials;
  const parts = secret.split(':');
  // The rest belongs to the last part, the vendor's key, which may hold a colon.
  const all = [...parts.slice(0, length - 1), parts.slice(length - 1).join(':')].map((part) => part.trim());
  return parts.length >= length && all.every((part) => part !== '') ? all : undefined;
}

/** Appends to a base that may have a path of its own. */
export function toUrlBelow(base: string, path: string, query: Record<string, string>): URL {
  const url = new URL(path, base.endsWith('/') ? base : `${base}/`);
  url.search = new URLSearchParams(query).toString();
  return url;
}
