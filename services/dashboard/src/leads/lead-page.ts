import { answeredByCategories } from '@leadline/contracts/answered-by';
import { toIndianDay } from '@leadline/contracts/indian-time';
import { toAnswerTitle } from '@leadline/contracts/modes';
import { toNotDialledWords, whyNotDialled } from '@leadline/contracts/not-dialled';
import { answererWords, toWords } from '@leadline/contracts/to-event-words';
import { html } from 'hono/html';
import { toClockWithSeconds, toDateAndClock, toLength, toShortDateAndClock } from '../web/indian-format.ts';
import type { EventLine } from '../live/live-events.ts';
import { leadCallbacksCard } from './callbacks.ts';
import type { Attempt, Explanation, LeadStory, Receipt } from './read.ts';
import { toLineTitle } from '../live/to-line-title.ts';
import { badge, layout, reasonForm, section, table, type Piece, type Shown } from '../web/layout.ts';
import { leadBadge } from './page.ts';
import { phoneShown } from '../web/phone-shown.ts';

export type LeadPage = {
  story: LeadStory;
  explanation: Explanation | undefined;
  /** The lead's own deliveries, and recent refused ones of its source; undefined if ingest does not answer. */
  receipts: Receipt[] | undefined;
  rejected: Receipt[] | undefined;
};

export function leadPage(shown: Shown, page: LeadPage): Piece {
  const { lead, attempts, events } = page.story;
  return layout(
    shown,
    {
      title: `Lead ${lead.id}`,
      at: '/leads',
      intro: html`${lead.name ?? ''} · ${lead.source} · came in ${toDateAndClock(lead.createdAt)} IST`,
      aside: leadBadge(lead),
    },
    html`<div class="grid">
      ${nowCard(shown, page)} ${personCard(shown, page)} ${leadCallbacksCard(page.story.callbacks)}
      ${attemptsCard(shown, attempts)} ${timelineCard(events)} ${receiptsCard(page)}
    </div>`,
  );
}

const waitWords: Record<string, string> = {
  stopped: 'dialling is stopped',
  window_shut: 'the call window is shut',
  breaker_open: 'the phone network cannot be reached; one test call at a time finds out when it can',
  talked_recently: 'we have just talked to its number: this enquiry goes into the CRM instead',
  number_in_use: 'its number is in use by another call',
  report_unheard:
    'the agent’s last report about this number is a dead letter and may contain a wish: redrive or discard it',
  no_free_slot: 'all lines are taken',
  older_database: 'the database is older than the streams: run leadline reconcile',
  database_not_compared: 'the database has not been compared with the streams yet',
  reports_not_heard: 'agents’ reports do not arrive: check the call-tracker',
  calls_before_restore: 'calls from before a restore may still go on',
  dials_under_way: 'dials in progress go first',
  promised_later: 'we call its buyer back at the time the buyer asked for',
  retry_later: 'its next attempt is due later',
  call_in_progress: 'its last call is not settled yet',
  not_new: 'there is nothing left to do',
  invalid_number: 'its number is not an Indian mobile number',
  do_not_call: 'its number is on the do-not-call list',
  too_old: 'it is too old to be called',
  answered: 'it has already answered',
  wrong_number: 'its number is somebody else’s',
  not_interested: 'the person is not interested',
  bought_elsewhere: 'the person has bought elsewhere',
};

function nowCard(shown: Shown, { story: { lead, told }, explanation }: LeadPage): Piece {
  const because =
    explanation?.reason === undefined ? '' : (waitWords[explanation.reason] ?? toWords(explanation.reason));
  const until = explanation?.until === undefined ? '' : ` Next look ${toShortDateAndClock(explanation.until)}.`;
  const verdict =
    explanation === undefined
      ? html`<p>The dispatcher does not answer, so we do not know what it would decide now.</p>`
      : explanation.kind === 'dial'
        ? html`<p class="verdict">${badge('would be dialled now', 'good')}</p>`
        : explanation.kind === 'refuse'
          ? html`<p class="verdict">${badge('will not be dialled', 'bad')} because ${because}.${until}</p>`
          : html`<p class="verdict">${badge('not dialled now', 'wait')} because ${because}.${until}</p>`;
  return section(
    'Why not dialled now?',
    html`${verdict}
      <dl class="facts">
        ${lead.failureReason === null ? '' : fact('Failed because', toWords(lead.failureReason))}
        ${lead.wait === undefined ? '' : fact('Waits because', `${waitWords[lead.wait.reason] ?? toWords(lead.wait.reason)}${lead.wait.until === null ? '' : `, until ${toShortDateAndClock(lead.wait.until)}`}`)}
        ${lead.retryAfter === null || lead.status !== 'new' ? '' : fact('Due', toDateAndClock(lead.retryAfter))}
        ${told.map((task) => fact('Told to the CRM', task.toldAt === null ? `not yet${task.error === null ? '' : `: ${toWords(task.error)}`}` : `task ${task.taskId ?? '?'}, ${toShortDateAndClock(task.toldAt)}`))}
        ${fact('Failed attempts', `${lead.retryCount} (a dial that was put back does not count)`)}
      </dl>
      ${
        lead.status === 'failed'
          ? reasonForm(shown, { action: `/leads/${lead.id}/call-again`, button: 'Call once more', id: 'again' })
          : ''
      }`,
  );
}

function personCard(shown: Shown, { story: { lead } }: LeadPage): Piece {
  return section(
    'Who asked for what',
    html`<dl class="facts">
      ${fact('Name', lead.name ?? '–')}
      ${fact('Phone', html`<span class="phone">${phoneShown(shown, lead.phone)}</span>`)}
      ${lead.email === null || shown.session.user.role !== 'operator' ? '' : fact('E-mail', lead.email)}
      ${lead.place === '' ? '' : fact('Place', lead.place)} ${fact('Product', lead.productName ?? '–')}
      ${lead.message === null ? '' : fact('Message', lead.message)}
    </dl>`,
  );
}

function fact(name: string, value: Piece | string): Piece {
  return html`<div>
    <dt>${name}</dt>
    <dd>${value}</dd>
  </div>`;
}

function attemptsCard(shown: Shown, attempts: readonly Attempt[]): Piece {
  if (attempts.length === 0)
    return section('Attempts', html`<p class="empty">Nobody has been dialled yet.</p>`, { wide: true });
  return section(
    'Attempts',
    html`<ol class="attempts">
      ${attempts.map((attempt) => attemptItem(shown, attempt))}
    </ol>`,
    { wide: true },
  );
}

function toResult(call: Attempt): { result: string; tone: 'bad' | 'wait' | 'good' } {
  const notDialled = whyNotDialled(call);
  if (notDialled !== null) return { result: toNotDialledWords(notDialled), tone: 'wait' };
  if (call.status !== 'failed') return { result: call.status, tone: call.status === 'calling' ? 'wait' : 'good' };
  return { result: call.failureReason === null ? 'failed' : `failed: ${toWords(call.failureReason)}`, tone: 'bad' };
}

function attemptItem(shown: Shown, call: Attempt): Piece {
  const isOperator = shown.session.user.role === 'operator';
  const { result, tone } = toResult(call);
  const talked =
    call.answeredAt !== null && call.endedAt !== null ? call.endedAt.getTime() - call.answeredAt.getTime() : undefined;
  const facts = [
    call.sentAt === null || whyNotDialled(call) !== null ? undefined : `dialled ${toClockWithSeconds(call.sentAt)}`,
    call.answeredAt === null
      ? undefined
      : `answered ${toClockWithSeconds(call.answeredAt)}${call.answerEstimated ? ', as far as can be told' : ''}`,
    toAnswererWords(call),
    call.messageLeft ? 'left a message' : undefined,
    talked === undefined ? undefined : `talked ${toLength(talked)}`,
    call.durationSeconds === null ? undefined : `took ${toLength(call.durationSeconds * 1_000)}`,
    call.sipStatus === null ? undefined : `SIP ${call.sipStatus}`,
    call.networkPhrase === null || !isOperator ? undefined : `the network said “${call.networkPhrase}”`,
    call.disposition === null ? undefined : `outcome: ${toWords(call.disposition)}`,
    call.language === null ? undefined : `wants to speak ${call.language}`,
    call.mode === null ? undefined : toModeWords(call.mode, call.modeVersion),
    call.taskId === null ? undefined : `CRM task ${call.taskId}`,
    call.pushError === undefined ? undefined : `the CRM refused it: ${toWords(call.pushError)}`,
    call.doNotCall ? 'asked never to be called again' : undefined,
    call.callbackAt === null ? undefined : `asked to be called back ${toShortDateAndClock(call.callbackAt)}`,
    call.callbackWords === null ? undefined : `asked to be called back: “${call.callbackWords}”`,
    call.unreadFields.length === 0
      ? undefined
      : `could not be read in the agent’s reports: ${call.unreadFields.map(toUnreadWords).join(', ')}`,
    call.isReportUnheard ? 'its last report is a dead letter that waits for a person' : undefined,
  ].filter((part) => part !== undefined);
  return html`<li>
    <p class="attempt">
      <strong>${call.attempt === null ? 'Old program' : `Attempt ${call.attempt}`}</strong>
      <span class="muted">call ${call.callId}, ${toShortDateAndClock(call.startedAt)}</span> ${badge(result, tone)}
    </p>
    <p class="muted">${facts.join(' · ')}</p>
    ${
      call.answers.length === 0
        ? ''
        : html`<dl class="facts answers">${call.answers.map(({ key, text }) => fact(toAnswerTitle(key), text))}</dl>`
    }
  </li>`;
}

function toModeWords(mode: string, version: string | null): string {
  return version === null ? toWords(mode) : `${toWords(mode)} (version ${version})`;
}

function toAnswererWords({ answeredBy, answeredAfterMs, answeredDetail }: Attempt): string | undefined {
  const category = answeredByCategories.safeParse(answeredBy);
  if (!category.success) return undefined;
  const after = answeredAfterMs === null ? '' : ` (known after ${toLength(answeredAfterMs)})`;
  const detail = answeredDetail === null ? '' : `: “${answeredDetail}”`;
  return `${answererWords[category.data]} took it${after}${detail}`;
}

function toUnreadWords({ field, times }: Attempt['unreadFields'][number]): string {
  const taken = field === 'doNotCall' ? ' (taken as yes)' : '';
  return `${field}${taken}${times === 1 ? '' : `, ${times}×`}`;
}

function timelineCard(events: readonly EventLine[]): Piece {
  const days = Map.groupBy(events, ({ at }) => toIndianDay(at));
  const body =
    events.length === 0
      ? html`<p class="empty">
          There are no events for this lead: it may be older than the streams, or come from the old program.
        </p>`
      : html`${[...days].map(
          ([, lines]) =>
            html`<h3>${toDateAndClock(lines[0]?.at ?? new Date(0)).split(',')[0]}</h3>
              <ol class="timeline">
                ${lines.map((line) => {
                  const { words, tone } = toLineTitle(line);
                  return html`<li class="${tone}">
                    <time datetime="${line.at.toISOString()}">${toClockWithSeconds(line.at)}</time>
                    <span class="what">${words}</span>
                    <code>${line.type}</code>
                  </li>`;
                })}
              </ol>`,
        )}`;
  return section('Timeline', body, { hint: 'Indian time, as each event records it.', wide: true });
}

function receiptsCard({ receipts, rejected, story: { lead } }: LeadPage): Piece {
  if (receipts === undefined || rejected === undefined)
    return section('Deliveries', html`<p class="empty">Ingest does not answer.</p>`, { wide: true });
  const lines = (all: readonly Receipt[]) =>
    all.map((receipt) => [
      toShortDateAndClock(receipt.receivedAt),
      receipt.sourceLeadId ?? '–',
      badge(receipt.verdict, receipt.verdict === 'accepted' ? 'good' : 'bad'),
      receipt.faults.length === 0 ? '–' : receipt.faults.join('; '),
    ]);
  const columns = [{ name: 'Came' }, { name: 'Number at the source' }, { name: 'Verdict' }, { name: 'Faults' }];
  return section(
    'Deliveries',
    html`${table('Deliveries of this lead', columns, lines(receipts), { empty: 'There are none: this lead did not arrive over HTTP.', captionShown: true })}
    ${table(`Refused lately from ${lead.source}`, columns, lines(rejected), { empty: `Nothing from ${lead.source} was refused lately.`, captionShown: true })}`,
    { wide: true },
  );
}
