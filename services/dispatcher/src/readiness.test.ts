import { silentLog } from '@leadline/testing/silent-log';
import { expect, test } from 'vitest';
import { tellOfTrunk } from './readiness.ts';

/** What the start logs of a LiveKit whose look at the trunk ends so. */
async function told(hasTrunk: () => Promise<boolean>): Promise<unknown[]> {
  const lines: unknown[] = [];
  const log = silentLog.child({});
  log.info = (...line: unknown[]) => void lines.push(['info', ...line]);
  log.warn = (...line: unknown[]) => void lines.push(['warn', ...line]);
  await tellOfTrunk({ hasTrunk }, 'ST_typed_wrong', log);
  return lines;
}

test('a trunk that LiveKit does not know is named at the start, with the setting', async () => {
  expect(await told(async () => false)).toEqual([
    ['warn', { livekit: 'knows no outbound trunk ST_typed_wrong: check SIP_TRUNK_ID' }, expect.any(String)],
  ]);
});

test('a LiveKit that is not reached is told, and the start does not fail of it', async () => {
  const lines = await told(async () => {
    throw new TypeError('fetch failed');
  });
  expect(lines).toEqual([
    ['warn', { livekit: expect.stringMatching(/^is not reached .*check LIVEKIT_URL/) }, expect.any(String)],
  ]);
});

test('a trunk that is there is told once', async () => {
  expect(await told(async () => true)).toEqual([['info', 'LiveKit knows the trunk']]);
});
