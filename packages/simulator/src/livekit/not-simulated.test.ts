import { expect, test } from 'vitest';
import { apiScenarios, scripts, twoDialScripts } from '../../conformance/conformance-scripts.ts';
import { notSimulated } from './not-simulated.ts';
import { readIndex } from '../../conformance/recording.ts';

test('every recording is either replayed or listed with the reason why not, and none twice', () => {
  const accounted = [
    ...Object.keys(scripts),
    ...Object.keys(twoDialScripts),
    ...apiScenarios,
    ...Object.keys(notSimulated),
  ];
  expect(accounted.toSorted()).toEqual(readIndex().toSorted());
});
