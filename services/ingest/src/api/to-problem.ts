import type { Fault, Problem } from '../intake/lead-schema.ts';

const problems = {
  'malformed-json': { status: 400, title: 'The body is not JSON' },
  'invalid-idempotency-key': { status: 400, title: 'The Idempotency-Key must be 1 to 200 visible ASCII characters' },
  unauthorised: { status: 401, title: 'The bearer key is missing or wrong' },
  unproven: { status: 401, title: 'The signature or the key in this delivery is missing or wrong' },
  forbidden: { status: 403, title: 'The verify token is not the one of this address' },
  'not-found': { status: 404, title: 'There is nothing here' },
  'method-not-allowed': { status: 405, title: 'This address takes another method' },
  erased: { status: 410, title: 'This lead came before and has been erased since' },
  'too-large': { status: 413, title: 'The body is too large' },
  'invalid-lead': { status: 422, title: 'The lead can not be taken as it is' },
  'invalid-batch': { status: 422, title: 'The batch can not be read' },
  'idempotency-key-reused': { status: 422, title: 'This Idempotency-Key stands for another body' },
  'too-many-requests': { status: 429, title: 'More came over this address than its quota allows; send it again later' },
  unavailable: { status: 503, title: 'The lead could not be stored just now; send it again' },
} as const;

export type ProblemKind = keyof typeof problems;
/** A problem whose status is one of those that we answer with. */
export type StatusProblem = Problem & { status: (typeof problems)[ProblemKind]['status'] };

/** An RFC 9457 problem. Of what the sender sent, it names fields only. */
export function toProblem(
  kind: ProblemKind,
  more: { detail?: string; errors?: Fault[]; receipt?: string } = {},
): StatusProblem {
  return { type: `urn:leadline:problem:${kind}`, ...problems[kind], ...more };
}
