import { commonSettings, decimal, integer, readConfig } from '@leadline/service-kit/read-config';
import { z } from 'zod';
import type { SingleSignOnSettings } from './single-sign-on.ts';
import { isUserName, shortestPassword, userRoles } from './users.ts';

/** Names a machine's own browser takes for safe without TLS. */
const loopback = new Set(['127.0.0.1', 'localhost', '[::1]']);

const firstUser = z.object({
  name: z.string().refine(isUserName, 'has a name that is not lower-case letters and digits'),
  role: z.enum(userRoles.options, 'has a role that is neither viewer nor operator'),
  password: z.string().min(shortestPassword, `has a password of fewer than ${shortestPassword} characters`),
});

const firstUsers = z
  .string()
  .transform((text) =>
    text.split(',').map((part) => {
      const [name = '', role = '', ...password] = part.trim().split(':');
      return { name, role, password: password.join(':') };
    }),
  )
  .pipe(z.array(firstUser));

const names = z.string().transform((text) =>
  text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== ''),
);

const settings = z
  .object({
    ...commonSettings,
    PORT: integer(0, 65_535).prefault('8082'),
    /** How browsers reach it; cookies are for https only unless this is the machine itself. */
    PUBLIC_URL: z.url({ protocol: /^https?$/, message: 'must be an http(s) URL' }).default('http://127.0.0.1:8082'),
    /** The NATS user that may send dead letters back; without one they are only shown. */
    OPS_NATS_USER: z.string().optional(),
    OPS_NATS_PASS: z.string().optional(),
    /** Where ingest describes its HTTP interface. */
    INGEST_URL: z.url({ protocol: /^https?$/, message: 'must be an http(s) URL' }).optional(),
    /** `name:role:password,…`: made, or brought up to this, at each start. */
    FIRST_USERS: firstUsers.optional(),
    /** How many proxies of ours stand before it, each adding to X-Forwarded-For: whose address a failed login counts for. */
    PROXIES: integer(0, 10).prefault('0'),
    /** An OpenID Connect provider, beside the users of our own. */
    OIDC_ISSUER: z.url({ protocol: /^https?$/, message: 'must be an http(s) URL' }).optional(),
    OIDC_CLIENT_ID: z.string().optional(),
    OIDC_CLIENT_SECRET: z.string().optional(),
    OIDC_ROLES_CLAIM: z.string().default('groups'),
    OIDC_OPERATORS: names.prefault('leadline-operators'),
    OIDC_VIEWERS: names.prefault('leadline-viewers'),
    SESSION_HOURS: integer(1, 720).prefault('12'),
    LEGACY_SUCCESS_CALL_ESTIMATE_MINUTES: decimal(0, 600).prefault('3'),
    PULSE_SECONDS: integer(1, 3_600).prefault('60'),
    RUPEES_PER_PULSE: decimal(0, 10_000).prefault('0'),
  })
  .refine(({ PUBLIC_URL }) => PUBLIC_URL.startsWith('https:') || loopback.has(new URL(PUBLIC_URL).hostname), {
    path: ['PUBLIC_URL'],
    message: 'must be https, for a password would travel in the open',
  })
  .superRefine(({ OIDC_ISSUER, OIDC_CLIENT_ID, OIDC_CLIENT_SECRET }, context) => {
    if (OIDC_ISSUER === undefined) return;
    for (const [name, value] of Object.entries({ OIDC_CLIENT_ID, OIDC_CLIENT_SECRET }))
      if (value === undefined)
        context.addIssue({ code: 'custom', path: [name], message: 'is needed with OIDC_ISSUER' });
    if (!OIDC_ISSUER.startsWith('https:') && !loopback.has(new URL(OIDC_ISSUER).hostname))
      context.addIssue({ code: 'custom', path: ['OIDC_ISSUER'], message: 'must be https' });
  });
export type Config = z.output<typeof settings>;

/** @throws ConfigError with all problems at once */
export function readDashboardConfig(env: Record<string, string | undefined>): Config {
  return readConfig(settings, env);
}

/** Undefined where people log in with passwords of ours only. */
export function toSingleSignOnSettings(config: Config): SingleSignOnSettings | undefined {
  const { OIDC_ISSUER: issuer, OIDC_CLIENT_ID: clientId, OIDC_CLIENT_SECRET: clientSecret } = config;
  if (issuer === undefined || clientId === undefined || clientSecret === undefined) return undefined;
  const { OIDC_ROLES_CLAIM: rolesClaim, OIDC_OPERATORS: operators, OIDC_VIEWERS: viewers } = config;
  return { issuer, clientId, clientSecret, rolesClaim, operators, viewers };
}

/** What the command for users is told. @throws ConfigError */
export function readManageUsersConfig(env: Record<string, string | undefined>): { DATABASE_URL: string } {
  return readConfig(z.object({ DATABASE_URL: commonSettings.DATABASE_URL }), env);
}
