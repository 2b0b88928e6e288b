import { Hono } from 'hono';
import { expect, test } from 'vitest';
import { openFindOwner, requireBearer } from './bearer.ts';

const findOwner = openFindOwner([
  { key: '0123456789abcdef', owner: 'website' },
  { key: 'fedcba9876543210', owner: 'zapier' },
]);

test('a key tells its owner', () => {
  expect(findOwner('Bearer 0123456789abcdef')).toBe('website');
  expect(findOwner('bearer fedcba9876543210')).toBe('zapier');
});

const strangers = [undefined, '', 'Bearer', 'Bearer ', 'Bearer 0123456789abcde', 'Basic 0123456789abcdef'];

test.for([...strangers, 'Bearer undefined'])('nobody comes with %s', (header) => {
  expect(findOwner(header)).toBeUndefined();
});

test('a route behind a key answers others with a problem that says so', async () => {
  const app = new Hono().use(requireBearer('0123456789abcdef')).get('/', (c) => c.text('in'));
  const knock = (authorization?: string) =>
    app.request('/', authorization === undefined ? {} : { headers: { authorization } });
  for (const stranger of strangers) {
    const answer = await knock(stranger);
    expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([401, 'Bearer']);
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    expect(await answer.json()).toEqual({
      type: 'about:blank',
      title: 'The bearer key is missing or wrong',
      status: 401,
    });
  }
  expect(await (await knock('Bearer 0123456789abcdef')).text()).toBe('in');
});
