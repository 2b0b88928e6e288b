import { z } from 'zod';
import * as client from 'openid-client';
import type { UserRole } from './users.ts';

/** How an organisation's people log in with its own accounts (OpenID Connect, authorization code with PKCE). */
export type SingleSignOnSettings = {
  issuer: string;
  clientId: string;
  clientSecret: string;
  /** The claim with a person's groups or roles, and the values that make an operator or a viewer. */
  rolesClaim: string;
  operators: readonly string[];
  viewers: readonly string[];
};

/** The browser keeps this while the person is at the provider. */
export const departure = z.object({ state: z.string(), nonce: z.string(), verifier: z.string(), next: z.string() });
type Departure = z.output<typeof departure>;

type Arrival =
  | { kind: 'known'; name: string; role: UserRole }
  /** The provider knows the person, but the person has no role here. */
  | { kind: 'no_role'; name: string }
  | { kind: 'refused'; because: string };

export type SingleSignOn = {
  /** The address at the provider, and what the browser must bring back. */
  leave(next: string): Promise<{ url: URL; departure: Departure }>;
  /** Checks the provider's answer: state, nonce, signature, issuer, audience. */
  arrive(at: URL, from: Departure): Promise<Arrival>;
};

const claims = z.looseObject({
  sub: z.string(),
  email: z.string().optional(),
  email_verified: z.boolean().optional(),
});

/** Asks the provider for its addresses and keys only when needed, so that it may be down during our start. */
export function openSingleSignOn(
  settings: SingleSignOnSettings,
  options: { origin: string; fetch: typeof fetch },
): SingleSignOn {
  const redirectUri = `${options.origin}/login/sso/callback`;
  let discovered: client.Configuration | undefined;
  const discover = async (): Promise<client.Configuration> => {
    const issuer = new URL(settings.issuer);
    discovered ??= await client.discovery(issuer, settings.clientId, settings.clientSecret, undefined, {
      [client.customFetch]: (url, init) => options.fetch(url, { ...init, body: init.body ?? null }),
      timeout: 10,
      // Only on this machine: the configuration accepts no other http address.
      execute: issuer.protocol === 'http:' ? [client.allowInsecureRequests] : [],
    });
    return discovered;
  };
  return {
    async leave(next) {
      const provider = await discover();
      const verifier = client.randomPKCECodeVerifier();
      const kept = { state: client.randomState(), nonce: client.randomNonce(), verifier, next };
      const url = client.buildAuthorizationUrl(provider, {
        redirect_uri: redirectUri,
        scope: 'openid profile email',
        code_challenge: await client.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
        state: kept.state,
        nonce: kept.nonce,
      });
      return { url, departure: kept };
    },
    async arrive(at, from) {
      const provider = await discover();
      try {
        const tokens = await client.authorizationCodeGrant(provider, new URL(`${redirectUri}${at.search}`), {
          pkceCodeVerifier: from.verifier,
          expectedState: from.state,
          expectedNonce: from.nonce,
          idTokenExpected: true,
        });
        const idClaims = claims.parse(tokens.claims());
        // Some providers return groups only here.
        const more =
          settings.rolesClaim in idClaims || provider.serverMetadata().userinfo_endpoint === undefined
            ? {}
            : await client.fetchUserInfo(provider, tokens.access_token, idClaims.sub);
        return toArrival({ ...more, ...idClaims }, settings);
      } catch (error) {
        if (error instanceof client.AuthorizationResponseError) return { kind: 'refused', because: error.error };
        if (error instanceof client.ResponseBodyError) return { kind: 'refused', because: error.error };
        if (error instanceof client.ClientError) return { kind: 'refused', because: error.code ?? 'not_valid' };
        throw error;
      }
    },
  };
}

/**
 * Names the person by a verified address, else by the provider's own identifier. No password user has a name of this
 * form, so nobody can impersonate one.
 */
export function toArrival(
  told: z.output<typeof claims>,
  { rolesClaim, operators, viewers }: Pick<SingleSignOnSettings, 'rolesClaim' | 'operators' | 'viewers'>,
): Arrival {
  const name = `${told.email_verified === true && told.email !== undefined ? told.email.toLowerCase() : told.sub} (sso)`;
  const claimed = told[rolesClaim];
  const groups = (Array.isArray(claimed) ? claimed : [claimed]).filter((group) => typeof group === 'string');
  const has = (wanted: readonly string[]): boolean => groups.some((group) => wanted.includes(group));
  if (has(operators)) return { kind: 'known', name, role: 'operator' };
  if (has(viewers)) return { kind: 'known', name, role: 'viewer' };
  return { kind: 'no_role', name };
}
