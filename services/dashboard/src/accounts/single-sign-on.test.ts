import { expect, test } from 'vitest';
import { toArrival } from './single-sign-on.ts';

const settings = { rolesClaim: 'groups', operators: ['ops', 'leads'], viewers: ['sales'] };

test.for([
  [{ groups: ['sales', 'ops'] }, 'operator'],
  [{ groups: ['sales'] }, 'viewer'],
  [{ groups: 'ops' }, 'operator'],
  [{ groups: ['OPS', 'others'] }, undefined],
  [{ groups: [] }, undefined],
  [{ groups: { ops: true } }, undefined],
  [{}, undefined],
] as const)('%o makes %s', ([claimed, role]) => {
  const arrival = toArrival({ sub: '17', ...claimed }, settings);
  expect(arrival).toEqual(
    role === undefined ? { kind: 'no_role', name: '17 (sso)' } : { kind: 'known', name: '17 (sso)', role },
  );
});

test('an address names a person only where the provider has verified it', () => {
  const named = (told: object): string => {
    const arrival = toArrival({ sub: '17', groups: ['ops'], ...told }, settings);
    return arrival.kind === 'known' ? arrival.name : '';
  };
  expect(named({ email: 'Asha@Example.in', email_verified: true })).toBe('asha@example.in (sso)');
  expect(named({ email: 'asha@example.in', email_verified: false })).toBe('17 (sso)');
  expect(named({ email: 'asha@example.in' })).toBe('17 (sso)');
});
