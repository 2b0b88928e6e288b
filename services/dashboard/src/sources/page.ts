import { toWords } from '@leadline/contracts/to-event-words';
import { html } from 'hono/html';
import { toDateAndClock, toShortDateAndClock } from '../web/indian-format.ts';
import type { readDelivery, RejectedDelivery, SharedId, SourceState } from './read.ts';
import { badge, layout, reasonForm, section, table, type Piece, type Shown } from '../web/layout.ts';

export const rejectedAPage = 50;
export const sharedAPage = 20;

const dayMs = 24 * 3_600_000;

export function sourcesPage(
  shown: Shown,
  found: {
    sources: readonly SourceState[];
    rejected: readonly RejectedDelivery[];
    shared: readonly SharedId[];
    source: string | undefined;
  },
): Piece {
  return layout(
    shown,
    {
      title: 'Sources',
      at: '/sources',
      intro: 'Where leads come from. Counts are of the last 24 hours; times are Indian.',
    },
    html`${sourcesCard(found.sources)} ${sharedCard(found.shared)} ${rejectedCard(found.rejected, found.source)}`,
  );
}

function sourcesCard(sources: readonly SourceState[]): Piece {
  const number = true;
  return section(
    'Deliveries',
    table(
      'Sources, the one that delivered last first',
      [
        { name: 'Source' },
        { name: 'Last delivery' },
        { name: 'Accepted', number },
        { name: 'Joined', number },
        { name: 'Repeated', number },
        { name: 'Rejected', number },
        { name: 'Known id', number },
        { name: 'State' },
      ],
      sources.map((source) => [
        source.source,
        source.lastAt === null ? 'never' : toShortDateAndClock(source.lastAt),
        source.accepted,
        source.joined,
        source.repeated,
        source.rejected === 0
          ? 0
          : html`<a href="/sources?source=${encodeURIComponent(source.source)}">${source.rejected}</a>`,
        source.otherNumbers,
        stateOf(source),
      ]),
      { empty: 'No deliveries yet. Create an address for a vendor with leadline sources add.' },
    ),
    {
      wide: true,
      hint: 'Joined: one more enquiry of a buyer whose lead is open. Repeated: the same enquiry again. Known id: it came with another number, so it is another person’s and counts as accepted or joined.',
    },
  );
}

/** Empty if there are none. */
function sharedCard(shared: readonly SharedId[]): Piece {
  if (shared.length === 0) return html``;
  return section(
    'One id, two numbers',
    table(
      'Ids that came again with another number, newest first',
      [{ name: 'When (IST)' }, { name: 'Source' }, { name: 'Id' }, { name: 'Had it first' }, { name: 'This one' }],
      shared.map((sharedId) => [
        toShortDateAndClock(sharedId.receivedAt),
        sharedId.source,
        html`<code>${sharedId.sourceLeadId}</code>`,
        linkTo(sharedId.firstLeadId),
        linkTo(sharedId.leadId),
      ]),
      { empty: 'None.' },
    ),
    {
      wide: true,
      id: 'shared-ids',
      hint: 'Each person gets a lead. If this happens often, the sender puts the id of a form or campaign in place of the enquiry’s: correct it there.',
    },
  );
}

function linkTo(leadId: number | null): Piece {
  return leadId === null ? html`erased` : html`<a href="/leads/${leadId}">lead ${leadId}</a>`;
}

function stateOf(state: SourceState): Piece {
  if (state.connections === 0) return badge('by key or file');
  if (state.enabled === 0) return badge('disabled', 'wait');
  if (state.lastError !== null)
    return html`${badge('can not be asked', 'bad')} <span class="muted">${state.lastError}; ${readOf(state)}</span>`;
  if (state.waiting > 0 || state.givenUp > 0)
    return html`${badge('leads can not be read', 'bad')}
      <span class="muted">${state.awaitedError ?? ''}; ${awaitedOf(state)}</span>`;
  if (state.blankSince !== null && Date.now() - state.blankSince.getTime() > dayMs)
    return html`${badge('empty answers', 'wait')}
      <span class="muted">since ${toShortDateAndClock(state.blankSince)}; is the key right? ${readOf(state)}</span>`;
  if (state.askedAt !== null) return html`${badge('asked', 'good')} <span class="muted">${readOf(state)}</span>`;
  return badge('open', 'good');
}

/** Leads that the vendor named and that we could not read. */
function awaitedOf({ waiting, givenUp }: SourceState): string {
  const parts = [
    ...(waiting > 0 ? [`${waiting} asked for again`] : []),
    ...(givenUp > 0 ? [`${givenUp} given up: leadline sources replay asks for them again`] : []),
  ];
  return parts.join(', ');
}

/** Of several connections, the one that was read longest ago. */
function readOf({ readAt }: SourceState): string {
  return readAt === null ? 'not read yet' : `last read ${toShortDateAndClock(readAt)}`;
}

function rejectedCard(rejected: readonly RejectedDelivery[], source: string | undefined): Piece {
  const last = rejected.at(-1);
  const query = new URLSearchParams({
    ...(source === undefined ? {} : { source }),
    ...(last === undefined ? {} : { before: last.place }),
  });
  const older =
    rejected.length === rejectedAPage
      ? html`<p><a class="button" href="/sources?${query.toString()}">Older ones</a></p>`
      : '';
  return section(
    source === undefined ? 'Rejected' : `Rejected from ${source}`,
    html`${table(
      'Rejected deliveries, newest first',
      [{ name: 'When (IST)' }, { name: 'Source' }, { name: 'Why' }, { name: 'What became of it' }],
      rejected.map((delivery) => [
        html`<a href="/sources/deliveries/${delivery.id}">${toShortDateAndClock(delivery.receivedAt)}</a>`,
        delivery.source,
        delivery.faults.map(({ reason }) => toWords(reason)).join(', ') || 'not told',
        becameOf(delivery),
      ]),
      { empty: 'Nothing was rejected.' },
    )}
    ${older} ${source === undefined ? '' : html`<p><a href="/sources">All sources</a></p>`}`,
    { wide: true, id: 'rejected', hint: 'Open one to correct its number and send it on.' },
  );
}

function becameOf({ leadId }: RejectedDelivery): Piece {
  return leadId === null ? badge('waits', 'wait') : html`<a href="/leads/${leadId}">lead ${leadId}</a>`;
}

export function deliveryPage(shown: Shown, delivery: NonNullable<Awaited<ReturnType<typeof readDelivery>>>): Piece {
  const operator = shown.session.user.role === 'operator';
  return layout(
    shown,
    {
      title: 'Rejected delivery',
      at: '/sources',
      intro: html`From ${delivery.source}, ${toDateAndClock(delivery.receivedAt)} IST. ${becameOf(delivery)}`,
    },
    html`<div class="grid">
      ${section(
        'Why it is no lead',
        html`<ul>
          ${delivery.faults.map(
            ({ pointer, detail, reason }) =>
              html`<li>
                <code>${pointer === '' ? 'the whole of it' : pointer.slice(1)}</code> ${detail} (${toWords(reason)})
              </li>`,
          )}
        </ul>`,
      )}
      ${
        operator && delivery.leadId === null
          ? section(
              'Correct the number and send it on',
              reasonForm(shown, {
                action: `/sources/deliveries/${delivery.id}/correct`,
                button: 'Send on',
                id: 'correct',
                fields: html`<div class="field">
                  <label for="correct-phone">Phone number</label>
                  <input id="correct-phone" name="phone" type="tel" autocomplete="off" required maxlength="200" />
                </div>`,
              }),
              { hint: 'It becomes a lead and is called. The original delivery is kept as it is.' },
            )
          : ''
      }
      ${section('What was sent', operator ? sentOf(delivery) : html`<p class="empty">For operators only.</p>`, { wide: true })}
    </div>`,
  );
}

function sentOf(delivery: NonNullable<Awaited<ReturnType<typeof readDelivery>>>): Piece {
  const where = delivery.part > 0 ? html`<p class="muted">It is enquiry ${delivery.part + 1} of these.</p>` : '';
  // A GET has its fields in the query. The key that proves the sender is masked below.
  const fields = [...new URLSearchParams(delivery.query ?? '')].map(([name, value]) => `${name}: ${value}`);
  const sent = delivery.body === '' ? fields.join('\n') : delivery.body;
  const shown = sent.replaceAll(/("google_key"\s*:\s*")[^"]*/g, '$1…');
  return html`${where}
    <pre tabindex="0" aria-label="What was sent"><code>${shown === '' ? 'nothing' : shown}</code></pre>`;
}
