import { decodeProtectedHeader, errors, jwtVerify } from 'jose';
import { z } from 'zod';

const httpStatuses = {
  canceled: 408,
  unknown: 500,
  invalid_argument: 400,
  malformed: 400,
  deadline_exceeded: 408,
  not_found: 404,
  bad_route: 404,
  permission_denied: 403,
  unauthenticated: 401,
  resource_exhausted: 429,
  failed_precondition: 412,
  aborted: 409,
  internal: 500,
  unavailable: 503,
} as const;
export type TwirpCode = keyof typeof httpStatuses;

/** An error in Twirp's form: JSON, with exactly this content type. */
export class TwirpError extends Error {
  override name = 'TwirpError';
  readonly code: TwirpCode;
  readonly meta: Record<string, string> | undefined;

  constructor(code: TwirpCode, text: string, meta?: Record<string, string>) {
    super(text);
    this.code = code;
    this.meta = meta;
  }

  toResponse(): Response {
    const body = { code: this.code, msg: this.message, ...(this.meta === undefined ? {} : { meta: this.meta }) };
    return new Response(JSON.stringify(body), {
      status: httpStatuses[this.code],
      headers: { 'content-type': 'application/json' },
    });
  }
}

const claims = z.object({
  iss: z.string().optional(),
  video: z
    .object({
      roomCreate: z.boolean().optional(),
      roomList: z.boolean().optional(),
      roomAdmin: z.boolean().optional(),
      room: z.string().optional(),
    })
    .optional(),
  sip: z.object({ call: z.boolean().optional(), admin: z.boolean().optional() }).optional(),
});
export type Claims = z.infer<typeof claims>;

/** The caller's claims, or a real server's 401: plain text from its middleware, with the whole token in it. */
export async function authenticate(
  authorization: string | undefined,
  key: { apiKey: string; apiSecret: string; leewaySeconds: number },
): Promise<Claims | Response> {
  if (authorization === undefined) return denied();
  const token = authorization.replace(/^Bearer /, '');
  const refuse = (text: string): Response =>
    new Response(text, { status: 401, headers: { 'content-type': 'text/plain; charset=utf-8' } });
  let issuer: string | undefined;
  try {
    decodeProtectedHeader(token);
    issuer = claims.parse(JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString())).iss;
  } catch {
    return refuse('invalid authorization token');
  }
  if (issuer !== key.apiKey) return refuse(`invalid API key: ${issuer ?? ''}`);
  try {
    const { payload } = await jwtVerify(token, new TextEncoder().encode(key.apiSecret), {
      algorithms: ['HS256'],
      clockTolerance: key.leewaySeconds,
    });
    return claims.parse(payload);
  } catch (error) {
    const why =
      error instanceof errors.JWTExpired
        ? 'token has invalid claims: token is expired'
        : 'token signature is invalid: signature is invalid';
    return refuse(`invalid token: ${token}, error: ${why}`);
  }
}

/** The answer to a missing grant or a missing header. */
export function denied(): Response {
  return new TwirpError('unauthenticated', 'permissions denied').toResponse();
}
