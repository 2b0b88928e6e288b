import { affected } from '@leadline/database/sql';
import { answer, type Answering } from '@leadline/messaging/ask';
import { z } from 'zod';
import { audit } from './audit/audit.ts';
import { beginBuild, readBuilds } from './read-model/builds.ts';
import type { Deps } from './deps.ts';
import { isMonth } from './web/ist.ts';
import { readLeadStory } from './leads/read.ts';
import { readMonth, type Group } from './minutes/read.ts';

const month = z.string().refine(isMonth, 'must look like 2026-10');
const by = { who: z.string().min(1).max(200), reason: z.string().min(1).max(1_000) };

/** Questions of the command line: `ops.dashboard.<verb>`. No number and no name leaves here. */
export function answerQuestions(deps: Deps): Promise<Answering[]> {
  const on = <T>(verb: string, schema: z.ZodType<T>, work: (asked: T) => Promise<unknown>): Promise<Answering> =>
    answer(deps.nats, `ops.dashboard.${verb}`, schema, work);
  return Promise.all([
    on('minutes', z.object({ month }), (asked) => tellMinutes(deps, asked.month)),
    on('lead', z.object({ leadId: z.int().positive() }), (asked) => tellLead(deps, asked.leadId)),
    on('build_state', z.object({}), () => tellBuilds(deps)),
    on('rebuild', z.object(by), async (asked) => {
      const build = await deps.postgres.transaction(async (em) => {
        // In a flood of events it stands in line behind all who keep one.
        await affected(em, `set local lock_timeout = '20s'`, []);
        return beginBuild(em, deps.pulseSeconds);
      });
      await audit(deps.postgres.em(), { action: 'rebuild', ...asked, details: { generation: build.generation } });
      return { generation: build.generation };
    }),
  ]);
}

async function tellMinutes(deps: Deps, asked: string) {
  const report = await readMonth(deps, asked);
  const groups = (all: Group[]) =>
    Object.fromEntries(
      all.map(({ key, figures }) => [
        key,
        {
          minutes: figures.minutes,
          estimatedMinutes: figures.estimatedMinutes,
          talkMinutes: figures.talkMinutes,
          calls: figures.calls,
        },
      ]),
    );
  const { minutes, estimatedMinutes, talkMinutes, calls, pulses, rupees, qualified } = report.total;
  return {
    month: report.month,
    minutes,
    estimatedMinutes,
    talkMinutes,
    calls,
    pulses,
    rupees,
    qualified,
    bySource: groups(report.bySource),
    byMode: groups(report.byMode),
    byDay: groups(report.byDay),
  };
}

async function tellLead(deps: Deps, leadId: number) {
  const story = await readLeadStory(deps, leadId);
  if (story === undefined) return null;
  const { id, source, status, retryAfter, retryCount, failureReason, createdAt, wait } = story.lead;
  return {
    lead: { id, source, status, retryAfter, retryCount, failureReason, createdAt, wait: wait ?? null },
    // What a person said stays on the lead's own page.
    attempts: story.attempts.map(({ answers, callbackWords: _words, ...attempt }) => ({
      ...attempt,
      answered: answers.map(({ key }) => key),
    })),
    events: story.events,
  };
}

async function tellBuilds(deps: Deps) {
  const builds = await readBuilds(deps.postgres.em());
  const serving = builds.find(({ state }) => state === 'serving');
  const building = builds.find(({ state }) => state === 'building');
  return { serving: serving ?? null, building: building ?? null };
}
