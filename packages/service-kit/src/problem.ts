import type { Context } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';

/** An RFC 9457 problem. Of what the client sent, it names fields only. */
export type Problem = {
  /** `about:blank`, unless this kind of problem has a name. */
  type?: string;
  title: string;
  status: ContentfulStatusCode;
  [member: string]: unknown;
};

/** Answers a request with a problem, with the problem's status. */
export function answerProblem(c: Context, problem: Problem): Response {
  const { type = 'about:blank', ...told } = problem;
  return c.json({ type, ...told }, problem.status, { 'content-type': 'application/problem+json' });
}
