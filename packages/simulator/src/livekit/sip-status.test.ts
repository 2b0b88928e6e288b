import { expect, test } from 'vitest';
import { readDial, readSipCodes } from '../../conformance/recording.ts';
import { toRefusal } from './sip-status.ts';

test.for(readSipCodes())('$calleeAnswers becomes $twirp.code', ({ calleeAnswers, httpStatus, twirp, webhook }) => {
  const { error, reason } = toRefusal(calleeAnswers, undefined);
  expect(error).toMatchObject({ code: twirp.code, message: twirp.msg });
  expect(error.meta).toMatchObject({ ...twirp.meta, error_details: expect.any(String) });
  expect(error.toResponse().status).toBe(httpStatus);
  expect(reason).toBe(webhook.disconnectReason);
});

test("the callee's own phrase takes the place of the usual one", () => {
  const { error } = toRefusal(486, 'On another call');
  expect(error.message).toBe('twirp error unknown: INVITE failed: sip status: 486: On another call');
  expect(error.meta).toMatchObject({ sip_status: 'On another call', sip_status_code: '486' });
});

test('the details are the bytes that a real server sends', () => {
  const { error } = toRefusal(603, undefined);
  expect(error.meta).toEqual(readDial('decline-603').error?.metadata);
});
