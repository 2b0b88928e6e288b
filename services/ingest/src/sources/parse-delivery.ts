import { textNestsTooDeep, tooDeep } from '../intake/nesting.ts';
import type { ParsedDelivery, RawDelivery, SourceAdapter } from './adapter.ts';
import type { Aliases } from './read-fields.ts';

/**
 * Reads a delivery as its adapter does, and never throws. What no reader can go through is a refusal that people see, and
 * that a replay reads again: thrown, it would be 503 for ever, and IndiaMART would stop pushing.
 */
export function parseDelivery(adapter: SourceAdapter, delivery: RawDelivery, aliases: Aliases): ParsedDelivery {
  if (textNestsTooDeep(delivery.text)) return { ok: false, faults: [tooDeep] };
  try {
    return adapter.parse(delivery, aliases);
  } catch (error) {
    const detail =
      error instanceof RangeError ? 'is nested too deep to be read' : 'could not be read; please report it';
    return { ok: false, faults: [{ pointer: '', reason: 'unreadable', detail }] };
  }
}
