import { agentCallbackRequested } from './agent-callback-requested.ts';
import { agentAlive } from './agent-alive.ts';
import { agentAnsweredBy } from './agent-answered-by.ts';
import { agentEnded } from './agent-ended.ts';
import { agentQualified } from './agent-qualified.ts';
import { agentReady } from './agent-ready.ts';
import { callAnswered } from './call-answered.ts';
import { callDialFailed } from './call-dial-failed.ts';
import { callDialing } from './call-dialing.ts';
import { callEnded } from './call-ended.ts';
import { callFailed } from './call-failed.ts';
import { callPushFailed } from './call-push-failed.ts';
import { callPushed } from './call-pushed.ts';
import { callQualified } from './call-qualified.ts';
import { callRinging } from './call-ringing.ts';
import { leadCallbackClosed } from './lead-callback-closed.ts';
import { leadCallbackMoved } from './lead-callback-moved.ts';
import { leadCallbackPromised } from './lead-callback-promised.ts';
import { leadCreated } from './lead-created.ts';
import { leadDispatched } from './lead-dispatched.ts';
import { leadEnquiryAdded } from './lead-enquiry-added.ts';
import { leadFailed } from './lead-failed.ts';
import { leadPostponed } from './lead-postponed.ts';
import { leadRetryScheduled } from './lead-retry-scheduled.ts';

/** All events. */
export const allEvents = [
  agentAlive,
  agentCallbackRequested,
  agentAnsweredBy,
  agentEnded,
  agentQualified,
  agentReady,
  callAnswered,
  callDialFailed,
  callDialing,
  callEnded,
  callFailed,
  callPushFailed,
  callPushed,
  callQualified,
  callRinging,
  leadCallbackClosed,
  leadCallbackMoved,
  leadCallbackPromised,
  leadCreated,
  leadDispatched,
  leadEnquiryAdded,
  leadFailed,
  leadPostponed,
  leadRetryScheduled,
];
