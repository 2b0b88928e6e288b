import { expect, test } from 'vitest';
import { z } from 'zod';
import { runCampaign } from './campaign.ts';
import { checkCampaign } from './check.ts';
import { crashPoints } from './crash-points.ts';
import { readLedgers } from './ledgers.ts';
import { levels } from './levels.ts';
import { tellStory } from './tell-story.ts';

// `npm test` has time for L0; `.ci/run` runs L1 beside it, which comes to every crash point.
const level = z.enum(['L0', 'L1']).default('L0').parse(process.env['LEADLINE_FAULT_LEVEL']);
const size = levels[level];
/** What a short campaign may not come to: talks that no fault was near, and promises. */
const seldom: readonly string[] = level === 'L0' ? ['I8', 'I16'] : [];
const crashes = size.crashPoints ?? crashPoints.length;

test(
  `level ${level}: ${size.leads} leads through ${size.faults} faults and ${crashes} crash points keep every promise`,
  { timeout: 900_000 },
  async () => {
    const seed = Number(process.env['LEADLINE_FAULT_SEED'] ?? Math.floor(Math.random() * 1e9));
    const lines: string[] = [];
    const campaign = await runCampaign({ ...size, seed, say: (line) => lines.push(line) });
    try {
      const ledgers = await readLedgers(campaign);
      const broken: string[] = [];
      for (const [name, { checked, violations }] of await checkCampaign(campaign, ledgers)) {
        if (!seldom.includes(name)) expect(checked, `${name} looked at nothing`).toBeGreaterThan(0);
        for (const { what, leadId } of violations.slice(0, 5)) {
          const story = leadId === undefined ? '' : `\n${await tellStory(campaign, ledgers, leadId)}`;
          broken.push(`${name}: ${what}${story}`);
        }
      }
      expect(broken, `seed ${seed}: npm run faults -- --level ${level} --seed ${seed}\n${lines.join('\n')}`).toEqual(
        [],
      );
      const fired = crashPoints.filter(({ name }) => campaign.exposures.has(`crash point: ${name}`));
      const others = crashPoints.filter((point) => !fired.includes(point)).map(({ name }) => name);
      expect(fired, `nobody came to ${others.join('; ')}`).toHaveLength(crashes);
      const faults = campaign.record.filter(({ what }) => !what.startsWith('crash point'));
      expect(faults.length).toBeGreaterThanOrEqual(size.faults);
    } finally {
      await campaign.world.stop();
    }
  },
);
