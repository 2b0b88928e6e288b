import { cutText } from '@leadline/contracts/cut-text';
import {
  maxNameCharacters,
  maxProductCharacters,
  maxProducts,
  type JobMetadata,
} from '@leadline/contracts/job-metadata';
import type { Mode } from '@leadline/contracts/mode';
import { indianZone } from '@leadline/contracts/indian-time';
import { openingsFrom, type CallWindow } from './call-window.ts';
import type { Claim } from './claim-due-leads.ts';
import { toOffsetIso } from './read-promised.ts';

const openingDays = 3;

/** The agent's job metadata for an attempt, cut so that it stays within LiveKit's limit however much the buyer asked for. */
export function toJobMetadata(
  claim: Claim,
  {
    window,
    mode: asked,
    callback,
    traceparent,
  }: {
    window: CallWindow;
    /** The mode’s questions; undefined if this process does not know the mode. */
    mode: Mode | undefined;
    callback: JobMetadata['callback'];
    traceparent: string | undefined;
  },
): JobMetadata {
  const { room, callId, leadId, attempt, mode, phone, messageLeft } = claim;
  const products = [...new Set(claim.products.map((product) => cutText(product, maxProductCharacters)))];
  const newest = products.length > maxProducts ? products.slice(1 - maxProducts) : products.slice(1);
  return {
    version: 1,
    room,
    callId,
    leadId,
    attempt,
    mode,
    ...(asked === undefined
      ? {}
      : { modeVersion: asked.version, answers: { type: asked.type, properties: asked.properties } }),
    name: cutText(claim.name, maxNameCharacters),
    phone,
    products: [...products.slice(0, 1), ...newest],
    ...(claim.language === null ? {} : { language: claim.language }),
    messageLeft,
    now: toOffsetIso(claim.madeAt),
    zone: indianZone,
    openings: openingsFrom(window, claim.madeAt, openingDays).map(({ from, to }) => ({
      from: toOffsetIso(from),
      to: toOffsetIso(to),
    })),
    callback,
    traceparent,
  };
}
