import { callAnswered } from '@leadline/contracts/events/call-answered';
import { callDialFailed } from '@leadline/contracts/events/call-dial-failed';
import { callDialing } from '@leadline/contracts/events/call-dialing';
import { fromRangFacts } from '@leadline/contracts/rang';
import { on, type Handler } from '@leadline/messaging/consume';
import { done, type Outcome } from '@leadline/messaging/outcome';
import type { CallEvent } from './call-state.ts';
import type { Deps } from './deps.ts';
import { trackRoom } from './track-call.ts';

/** Handles the dispatcher's events about dials: permitted, answered, failed. */
export function onDialReported(deps: Deps): Handler[] {
  const track = async (room: string, event: CallEvent): Promise<Outcome> => {
    // A call that no longer exists was erased: there is nothing to settle.
    if ((await trackRoom(room, event, deps)) === 'unknown') {
      deps.metrics.inputs.inc({ kind: event.kind, outcome: 'unknown_room' });
    }
    return done;
  };
  return [
    on(callDialing, ({ data }) => track(data.room, { kind: 'dialing' })),
    on(callAnswered, ({ data }) => track(data.room, { kind: 'answered', at: new Date(data.answeredAt) })),
    on(callDialFailed, ({ data, time }) => {
      const { reason, sipStatus, numberFree } = data;
      const rang = fromRangFacts(data);
      return track(data.room, { kind: 'dial_failed', at: time, reason, sipStatus, rang, numberFree });
    }),
  ];
}
