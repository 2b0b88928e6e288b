import type { Context } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';

/** An RFC 9457 problem. It holds nothing of what was sent but the names of fields. */
export type Problem = {
  /** `about:blank`, unless this kind of problem has a name of its own. */
  type?: string;
  title: string;
  status: ContentfulStatusCode;
  [member: string]: unknown;
};

/** Answers a request with a problem, under its own status. */
export function answerProblem(c: Context, problem: Problem): Response {
  const { type = 'about:blank', ...told } = problem;
  return c.json({ type, ...told }, problem.status, { 'content-type': 'application/problem+json' });
}
