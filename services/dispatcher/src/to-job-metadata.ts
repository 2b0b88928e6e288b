import { cutText } from '@leadline/contracts/cut-text';
import {
  maxNameCharacters,
  maxProductCharacters,
  maxProducts,
  type JobMetadata,
} from '@leadline/contracts/job-metadata';
import type { Claim } from './claim-due-leads.ts';

/** What the agent is told of an attempt, bounded: whatever a buyer asked for how often, LiveKit takes it. */
export function toJobMetadata(claim: Claim, traceparent: string | undefined): JobMetadata {
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
    name: cutText(claim.name, maxNameCharacters),
    phone,
    products: [...products.slice(0, 1), ...newest],
    ...(claim.language === null ? {} : { language: claim.language }),
    messageLeft,
    traceparent,
  };
}
