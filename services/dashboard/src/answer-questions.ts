import type { ResultOf } from '@leadline/contracts/command';
import { leadStory } from '@leadline/contracts/commands/lead';
import { minutes, type MinutesGroups } from '@leadline/contracts/commands/minutes';
import { buildState, rebuild, type BuildState } from '@leadline/contracts/commands/read-model';
import { affected } from '@leadline/database/sql';
import { answer, type Answering } from '@leadline/messaging/ask';
import { audit } from './audit/audit.ts';
import { beginBuild, readBuilds, type Build } from './read-model/builds.ts';
import type { Deps } from './deps.ts';
import { readLeadStory } from './leads/read.ts';
import { readMonth, type Group } from './minutes/read.ts';

/** Answers the command line's questions, `ops.dashboard.<verb>`. No answer holds a number or a name. */
export function answerQuestions(deps: Deps): Promise<Answering[]> {
  return Promise.all([
    answer(deps.nats, minutes, (asked) => tellMinutes(deps, asked.month)),
    answer(deps.nats, leadStory, (asked) => tellLead(deps, asked.leadId)),
    answer(deps.nats, buildState, () => tellBuilds(deps)),
    answer(deps.nats, rebuild, async (asked) => {
      const build = await deps.postgres.transaction(async (sql) => {
        // During a flood of events this waits behind all of their transactions.
        await affected(sql, `set local lock_timeout = '20s'`, []);
        return beginBuild(sql, deps.pulseSeconds);
      });
      await audit(deps.postgres.sql, { action: 'rebuild', ...asked, details: { generation: build.generation } });
      return { generation: build.generation };
    }),
  ]);
}

async function tellMinutes(deps: Deps, asked: string): Promise<ResultOf<typeof minutes>> {
  const report = await readMonth(deps, asked);
  const { total } = report;
  return {
    month: report.month,
    minutes: total.minutes,
    estimatedMinutes: total.estimatedMinutes,
    talkMinutes: total.talkMinutes,
    calls: total.calls,
    pulses: total.pulses,
    rupees: total.rupees,
    qualified: total.qualified,
    bySource: toGroups(report.bySource),
    byMode: toGroups(report.byMode),
    byDay: toGroups(report.byDay),
  };
}

function toGroups(groups: Group[]): MinutesGroups {
  return Object.fromEntries(
    groups.map(({ key, figures }) => [
      key,
      {
        minutes: figures.minutes,
        estimatedMinutes: figures.estimatedMinutes,
        talkMinutes: figures.talkMinutes,
        calls: figures.calls,
      },
    ]),
  );
}

async function tellLead(deps: Deps, leadId: number): Promise<ResultOf<typeof leadStory>> {
  const story = await readLeadStory(deps, leadId);
  if (story === undefined) return null;
  const { id, source, status, retryAfter, retryCount, failureReason, createdAt, wait } = story.lead;
  return {
    lead: {
      id,
      source,
      status,
      retryAfter: toWire(retryAfter),
      retryCount,
      failureReason,
      createdAt: createdAt.toISOString(),
      wait: wait === undefined ? null : { reason: wait.reason, until: toWire(wait.until) },
    },
    // A person's words stay on the lead's own page.
    attempts: story.attempts.map(({ answers, callbackWords: _words, answeredDetail: _detail, ...attempt }) => ({
      ...attempt,
      startedAt: attempt.startedAt.toISOString(),
      sentAt: toWire(attempt.sentAt),
      revokedAt: toWire(attempt.revokedAt),
      answeredAt: toWire(attempt.answeredAt),
      endedAt: toWire(attempt.endedAt),
      callbackAt: toWire(attempt.callbackAt),
      answered: answers.map(({ key }) => key),
    })),
    events: story.events.map((event) => ({ ...event, at: event.at.toISOString() })),
  };
}

async function tellBuilds(deps: Deps): Promise<BuildState> {
  const builds = await readBuilds(deps.postgres.sql);
  const toBuild = (build: Build | undefined): BuildState['serving'] =>
    build === undefined ? null : { ...build, startedAt: build.startedAt.toISOString() };
  return {
    serving: toBuild(builds.find(({ state }) => state === 'serving')),
    building: toBuild(builds.find(({ state }) => state === 'building')),
  };
}

function toWire(at: Date | null): string | null {
  return at?.toISOString() ?? null;
}
