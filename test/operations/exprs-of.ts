import { z } from 'zod';

const panel = z.object({ targets: z.array(z.object({ expr: z.string() })).default([]) });
const board = z.object({
  panels: z.array(z.union([panel.extend({ panels: z.array(panel).default([]) }), panel])),
});

/** What a dashboard's panels ask for, those in rows among them. */
export function exprsOf(dashboard: unknown): string[] {
  return board
    .parse(JSON.parse(JSON.stringify(dashboard)))
    .panels.flatMap((child) => ['panels' in child ? child.panels : [], child].flat())
    .flatMap(({ targets }) => targets.map(({ expr }) => expr));
}
