import { randomBytes } from 'node:crypto';

const letters = '23456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';

/** A LiveKit id: a prefix for its kind, and twelve characters. */
export function sid(kind: 'RM' | 'PA' | 'TR' | 'EV' | 'SCL' | 'AD' | 'AJ' | 'ST'): string {
  return `${kind}_${Array.from(randomBytes(12), (byte) => letters[byte % letters.length]).join('')}`;
}
