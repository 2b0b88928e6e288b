import { pullExportersIndia } from './exportersindia.ts';
import type { PullAdapter } from './pull-adapter.ts';
import { pullIndiaMart } from './pull-indiamart.ts';
import { pullTradeIndia } from './tradeindia.ts';

/** Every source that we ask. */
export const pullAdapters: readonly PullAdapter[] = [pullIndiaMart, pullTradeIndia, pullExportersIndia];

export function findPullAdapter(source: string): PullAdapter | undefined {
  return pullAdapters.find(({ adapter }) => adapter.source === source);
}
