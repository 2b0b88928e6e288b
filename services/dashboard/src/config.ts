import { decimal, integer, readConfig } from '@leadline/service-kit/read-config';
import { commonSettings, port } from '@leadline/service-kit/shared-settings';
import { z } from 'zod';
import type { SingleSignOnSettings } from './accounts/single-sign-on.ts';
import { isUserName, shortestPassword, userRoles } from './accounts/users.ts';

/** Hosts that browsers trust without TLS, because they are on the same machine. */
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

export const settings = z
  .object({
    ...commonSettings,
    PORT: port('8082', 'The port of the pages. 0 takes any free port.', 'dashboard'),
    PUBLIC_URL: z
      .url({ protocol: /^https?$/, message: 'must be an http(s) URL' })
      .default('http://127.0.0.1:8082')
      .meta({
        goal: 'dashboard',
        description:
          'The address at which browsers reach the dashboard. It must be https, except on the machine itself.',
        example: 'https://leadline.example.in',
      }),
    OPS_NATS_USER: z.string().optional().meta({
      goal: 'dashboard',
      description:
        'The NATS user `ops`, which may send dead letters back and discard them. Without it they are only shown.',
      example: 'ops',
    }),
    OPS_NATS_PASS: z
      .string()
      .optional()
      .meta({ goal: 'dashboard', description: 'The password of that user.', example: 'secret-of-ops' }),
    INGEST_URL: z
      .url({ protocol: /^https?$/, message: 'must be an http(s) URL' })
      .optional()
      .meta({
        goal: 'dashboard',
        description:
          'Where the dashboard reads the description of the HTTP interface of ingest, for its reference page.',
        example: 'http://ingest:8080',
      }),
    FIRST_USERS: firstUsers.optional().meta({
      goal: 'dashboard',
      description:
        'Users that are created or updated at each start: `name:role:password`, separated by commas. The role is `viewer` or `operator`.',
      example: 'asha:operator:a-long-password-2026',
    }),
    PROXIES: integer(0, 10).prefault('0').meta({
      goal: 'dashboard',
      description:
        'The number of your proxies in front of the dashboard. Each adds to X-Forwarded-For; a failed login counts for the address that this names.',
      example: '1',
    }),
    OIDC_ISSUER: z
      .url({ protocol: /^https?$/, message: 'must be an http(s) URL' })
      .optional()
      .meta({
        goal: 'dashboard',
        description:
          "Your organisation's login (OpenID Connect), beside the users of the dashboard. Its redirect address is PUBLIC_URL + `/login/sso/callback`.",
        example: 'https://login.example.in',
      }),
    OIDC_CLIENT_ID: z.string().optional().meta({
      goal: 'dashboard',
      description: "The dashboard's client there. Needed with OIDC_ISSUER.",
      example: 'leadline',
    }),
    OIDC_CLIENT_SECRET: z.string().optional().meta({
      goal: 'dashboard',
      description: 'The secret of that client. Needed with OIDC_ISSUER.',
      example: 'secret-of-the-client',
    }),
    OIDC_ROLES_CLAIM: z
      .string()
      .default('groups')
      .meta({ goal: 'dashboard', description: 'The claim that says what a person may do.', example: 'roles' }),
    OIDC_OPERATORS: names.prefault('leadline-operators').meta({
      goal: 'dashboard',
      description: 'The values of that claim, separated by commas, that make an operator.',
      example: 'sales-leads,it',
    }),
    OIDC_VIEWERS: names.prefault('leadline-viewers').meta({
      goal: 'dashboard',
      description: 'The values of that claim, separated by commas, that make a viewer.',
      example: 'sales,support',
    }),
    SESSION_HOURS: integer(1, 720)
      .prefault('12')
      .meta({ goal: 'dashboard', description: 'How long a login lasts.', example: '8' }),
    LEGACY_SUCCESS_CALL_ESTIMATE_MINUTES: decimal(0, 600).prefault('3').meta({
      goal: 'minutes',
      description: 'The minutes of a successful call of the old program whose length is unknown; shown as estimated.',
      example: '2.5',
    }),
    PULSE_SECONDS: integer(1, 3_600).prefault('60').meta({
      goal: 'minutes',
      description: 'The unit in which your provider bills a call. A unit that has begun counts whole.',
      example: '30',
    }),
    RUPEES_PER_PULSE: decimal(0, 10_000)
      .prefault('0')
      .meta({ goal: 'minutes', description: 'The price of one such unit.', example: '0.45' }),
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

/** Undefined if people only log in with passwords. */
export function toSingleSignOnSettings(config: Config): SingleSignOnSettings | undefined {
  const { OIDC_ISSUER: issuer, OIDC_CLIENT_ID: clientId, OIDC_CLIENT_SECRET: clientSecret } = config;
  if (issuer === undefined || clientId === undefined || clientSecret === undefined) return undefined;
  const { OIDC_ROLES_CLAIM: rolesClaim, OIDC_OPERATORS: operators, OIDC_VIEWERS: viewers } = config;
  return { issuer, clientId, clientSecret, rolesClaim, operators, viewers };
}

/**
 * The settings of the command for users.
 * @throws ConfigError
 */
export function readManageUsersConfig(env: Record<string, string | undefined>): { DATABASE_URL: string } {
  return readConfig(z.object({ DATABASE_URL: commonSettings.DATABASE_URL }), env);
}
