import { isEverybodys } from '@leadline/database/decide-fault';
import { groupInputs, type InputGroups } from '@leadline/service-kit/group-inputs';
import type { Deps } from './deps.ts';
import { permitDials, type Permit, type PermitAsk } from './permit-dial.ts';

/** Where claims wait for their permit. */
export type Permits = Pick<InputGroups<PermitAsk, Permit>, 'add'>;

/** A bound, because a group holds the dialling lock and one lock a call. */
const maxTogether = 32;
/** How many claims of a failed group are tried at one time, each by itself. */
const maxAlone = 2;

/** Groups the permits of one process: claims that ask while a group is under way make up the next group. */
export function permitTogether(deps: Deps): Permits {
  return groupInputs({
    keyOf: ({ callId }: PermitAsk) => String(callId),
    goesAlone: () => false,
    commit: (claims: PermitAsk[]) => permitDials(claims, deps),
    meetsAll: isEverybodys,
    maxTogether,
    maxAlone,
  });
}
