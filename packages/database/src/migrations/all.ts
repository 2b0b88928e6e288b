import { FirstSchema } from './0001-first-schema.ts';
import { Dashboard } from './0002-dashboard.ts';
import { Sources } from './0003-sources.ts';
import { SourcePolls } from './0004-source-polls.ts';
import { AwaitedLeads } from './0005-awaited-leads.ts';
import { Erasure } from './0006-erasure.ts';
import { Traces } from './0009-traces.ts';
import { Slots } from './0010-slots.ts';
import { Enquiries } from './0011-enquiries.ts';
import { Reports } from './0012-reports.ts';
import { FarSides } from './0013-far-sides.ts';
import { BoundedChanges } from './0014-bounded-changes.ts';
import { ReportHearing } from './0015-report-hearing.ts';
import { Wishes } from './0016-wishes.ts';
import { Callbacks } from './0017-callbacks.ts';
import { AnsweredBy } from './0019-answered-by.ts';
import { DueLeads } from './0020-due-leads.ts';
import { ModeVersions } from './0021-mode-versions.ts';
import { PushSearches } from './0022-push-searches.ts';
import { Takeovers } from './0023-takeovers.ts';
import { LanguageTimes } from './0024-language-times.ts';
import { UnknownNumbers } from './0025-unknown-numbers.ts';
import { newestMigration } from './newest.ts';

/**
 * In order. A released migration is never changed, only followed by another. There are no 0007 and 0008: they were never
 * committed, and no database has them. The others keep their names, for databases know migrations by name.
 */
export const migrations = [
  { name: '0001-first-schema', class: FirstSchema },
  { name: '0002-dashboard', class: Dashboard },
  { name: '0003-sources', class: Sources },
  { name: '0004-source-polls', class: SourcePolls },
  { name: '0005-awaited-leads', class: AwaitedLeads },
  { name: '0006-erasure', class: Erasure },
  { name: '0009-traces', class: Traces },
  { name: '0010-slots', class: Slots },
  { name: '0011-enquiries', class: Enquiries },
  { name: '0012-reports', class: Reports },
  { name: '0013-far-sides', class: FarSides },
  { name: '0014-bounded-changes', class: BoundedChanges },
  { name: '0015-report-hearing', class: ReportHearing },
  { name: '0016-wishes', class: Wishes },
  { name: '0017-callbacks', class: Callbacks },
  { name: '0019-answered-by', class: AnsweredBy },
  { name: '0020-due-leads', class: DueLeads },
  { name: '0021-mode-versions', class: ModeVersions },
  { name: '0022-push-searches', class: PushSearches },
  { name: '0023-takeovers', class: Takeovers },
  { name: '0024-language-times', class: LanguageTimes },
  { name: newestMigration, class: UnknownNumbers },
];
