import type { SourceAdapter } from './adapter.ts';
import { exportersindia } from './exportersindia.ts';
import { form, make, zapier } from './form.ts';
import { googleAds } from './google-ads.ts';
import { indiamart } from './indiamart.ts';
import { justdial } from './justdial.ts';
import { meta } from './meta.ts';
import { tradeindia } from './tradeindia.ts';

/** Every source that comes over a connection. Add new adapters here. */
export const adapters: readonly SourceAdapter[] = [
  indiamart,
  tradeindia,
  exportersindia,
  justdial,
  meta,
  googleAds,
  form,
  zapier,
  make,
];

export function findAdapter(name: string): SourceAdapter | undefined {
  return adapters.find((adapter) => adapter.source === name || adapter.otherNames.includes(name));
}
