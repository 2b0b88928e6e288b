import { bad, good, note, type Finding } from '../finding.ts';
import type { CheckFacts, EndFacts, RefusalFacts, TalkFacts } from './facts.ts';

/** What an agent does right and wrong, in the order of a call. */
export function toFindings(facts: CheckFacts): Finding[] {
  return [
    named(facts),
    inTime(facts),
    ...(facts.unanswered === undefined ? [] : [unanswered(facts.unanswered)]),
    ...(facts.talk === undefined ? [] : talk(facts.talk)),
    ...(facts.refusal === undefined ? [] : refusal(facts.refusal)),
    ...(facts.callback === undefined ? [] : [callback(facts.callback)]),
  ];
}

function named({ agentName, uninvited, strangers, comesMs }: CheckFacts): Finding {
  const others = [...uninvited, ...strangers];
  if (others.length > 0)
    return bad(
      'named',
      others.includes('')
        ? 'a worker without a name comes into every room, also into those of people'
        : `agents of other names came too: ${others.join(', ')}`,
      `give each worker its agent name, and end those that have none`,
    );
  return comesMs === undefined
    ? bad('named', `no agent of the name ${agentName} came`, 'is its worker up, is it named so, is it full?')
    : good('named', `only ${agentName} came, and only when it was sent for`);
}

function inTime({ comesMs, waitSeconds, readyHeard }: CheckFacts): Finding {
  if (comesMs === undefined)
    return bad(
      'in time',
      `not there after ${waitSeconds} s: nobody would be called`,
      'start its worker with AGENT_NAME; look at its load limit and keep processes idle',
    );
  const came = `in the room after ${seconds(comesMs)}`;
  return readyHeard
    ? good('in time', `${came}, and says agent.ready`)
    : note('in time', came, 'report agent.ready: the phone rings sooner');
}

function unanswered({ reports, leavesMs }: { reports: readonly string[]; leavesMs: number | undefined }): Finding {
  if (reports.length > 0)
    return bad('nobody answers', `reports ${reports.join(', ')}`, 'report nothing of a call that nobody answered');
  return leavesMs === undefined
    ? bad('nobody answers', 'stays in the room', 'end the job when the phone is gone')
    : good('nobody answers', `reports nothing, and leaves after ${seconds(leavesMs)}`);
}

function talk(facts: TalkFacts): Finding[] {
  return [waits(facts), early(facts), loss(facts), ends(facts.end, facts.unreadable), leaves(facts)];
}

function waits({ early: reports, spokeEarly, spoke }: TalkFacts): Finding {
  const fix = 'wait for sip.callStatus = active or sip.callTag on phone-<room>: the phone joins before it rings';
  if (spokeEarly) return bad('waits for the answer', 'speaks while the phone rings', fix);
  if (reports.length > 0)
    return bad('waits for the answer', `reports ${reports.join(', ')} while the phone rings`, fix);
  return good('waits for the answer', spoke ? 'is silent until then, and speaks first' : 'is silent until then');
}

function early({ learntMs }: TalkFacts): Finding {
  return learntMs === undefined
    ? bad(
        'reports early',
        'no agent.qualified while the person was on the line',
        'report each answer when it is given: a killed agent has no last word',
      )
    : good('reports early', `what was said is reported after ${seconds(learntMs)}`);
}

function loss({ endedInLoss, leftInLoss, learntAgainMs }: TalkFacts): Finding {
  const about = 'survives a lost line';
  const fix = 'a phone that is replaced or gone without a reason comes back: wait 15 s before it counts as the end';
  if (endedInLoss) return bad(about, 'says agent.ended when the phone only joins anew', fix);
  if (leftInLoss) return bad(about, 'leaves when the phone only joins anew', fix);
  return learntAgainMs === undefined
    ? bad(about, 'stays, and hears nothing of the person who is back', 'link the session to the identity phone-<room>')
    : good(about, `goes on, and reports what is said then after ${seconds(learntAgainMs)}`);
}

function ends({ count, afterMs, endedBy }: EndFacts, unreadable: number): Finding {
  const about = 'reports the end, once';
  if (afterMs === undefined)
    return bad(about, 'no agent.ended after the person hung up', 'send it in a shutdown callback of the job');
  if (count > 1) return bad(about, `${count} different agent.ended`, 'send one, when everything is known');
  if (unreadable > 0) return bad(about, `${unreadable} reports can't be read`, 'see docs/build/voice-agents.md');
  return endedBy === 'callee'
    ? good(about, `after ${seconds(afterMs)}: ended by the callee`)
    : bad(about, `says that the call was ended by ${endedBy ?? 'nobody'}`, 'the person hung up: endedBy is callee');
}

function leaves({ leavesMs }: TalkFacts): Finding {
  return leavesMs === undefined
    ? bad('leaves', 'is still in the room', 'end the job when the call is over, or the worker fills up')
    : good('leaves', `${seconds(leavesMs)} after the end`);
}

function refusal({ wishMs, hungUpMs, end }: RefusalFacts): Finding[] {
  return [
    wishMs === undefined
      ? bad(
          'honours do-not-call',
          'a person who never wants to be called again is not reported',
          'report doNotCall when it is said',
        )
      : good('honours do-not-call', `the wish is reported after ${seconds(wishMs)}`),
    hungUp(hungUpMs, end),
  ];
}

function hungUp(hungUpMs: number | undefined, end: EndFacts): Finding {
  if (hungUpMs === undefined)
    return bad('hangs up', 'leaves the person in an open line', 'removeParticipant(room, phone-<room>)');
  if (end.endedBy !== 'agent')
    return bad('hangs up', `and reports ${end.endedBy ?? 'nothing'} as who ended it`, 'endedBy is agent');
  return end.count > 1
    ? bad('hangs up', `and says ${end.count} different agent.ended`, 'send one, when everything is known')
    : good('hangs up', `${seconds(hungUpMs)} after the wish`);
}

function callback({ askedMs, isReadable }: { askedMs: number | undefined; isReadable: boolean }): Finding {
  if (askedMs === undefined)
    return note(
      'asks for a callback',
      'no agent.callback_requested for "tomorrow at six in the evening"',
      'give the model a tool for it',
    );
  return isReadable
    ? good('asks for a callback', `after ${seconds(askedMs)}`)
    : note('asks for a callback', 'without a time and without words', 'send at, or the words as they were said');
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}
