import { expect, test } from 'vitest';
import { runCampaign } from './campaign.ts';
import { checkCampaign } from './check.ts';
import { crashPoints } from './crash-points.ts';
import { readLedgers } from './ledgers.ts';
import { levels } from './levels.ts';
import { tellStory } from './tell-story.ts';

test(
  'level 1: 300 leads through 42 faults and every crash point keep every promise',
  { timeout: 600_000, retry: 0 },
  async () => {
    const seed = Number(process.env['LEADLINE_FAULT_SEED'] ?? Math.floor(Math.random() * 1e9));
    const lines: string[] = [];
    const campaign = await runCampaign({ ...levels.L1, seed, say: (line) => lines.push(line) });
    try {
      const ledgers = await readLedgers(campaign);
      const broken: string[] = [];
      for (const [name, { checked, violations }] of await checkCampaign(campaign, ledgers)) {
        expect(checked, `${name} looked at nothing`).toBeGreaterThan(0);
        for (const { what, leadId } of violations.slice(0, 5)) {
          const story = leadId === undefined ? '' : `\n${await tellStory(campaign, ledgers, leadId)}`;
          broken.push(`${name}: ${what}${story}`);
        }
      }
      expect(broken, `seed ${seed}: npm run faults -- --level L1 --seed ${seed}\n${lines.join('\n')}`).toEqual([]);
      const missed = crashPoints.filter(({ name }) => !campaign.exposures.has(`crash point: ${name}`));
      expect(missed.map(({ name }) => name)).toEqual([]);
      const faults = campaign.record.filter(({ what }) => !what.startsWith('crash point'));
      expect(faults.length).toBeGreaterThanOrEqual(40);
    } finally {
      await campaign.world.stop();
    }
  },
);
