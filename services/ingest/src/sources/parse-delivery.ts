import { textNestsTooDeep, tooDeep } from '../intake/nesting.ts';
import type { ParsedDelivery, RawDelivery, SourceAdapter } from './adapter.ts';
import type { Aliases } from './read-fields.ts';

/**
 * Reads a delivery with its adapter, and never throws. A delivery that crashes a reader is refused: people see it, and
 * a replay reads it again. An exception would mean 503 for ever, and IndiaMART would stop pushing.
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
