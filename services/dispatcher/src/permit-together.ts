import { isEverybodys } from '@leadline/database/decide-fault';
import { groupInputs, type InputGroups } from '@leadline/service-kit/group-inputs';
import type { Claim } from './claim-due-leads.ts';
import type { Deps } from './deps.ts';
import { permitDials, type Permit } from './permit-dial.ts';

/** Where claims wait that ask for their permit. */
export type Permits = Pick<InputGroups<Claim, Permit>, 'add'>;

/** A group holds the dialling's lock, and that of each of its calls. */
const maxTogether = 32;
/** Those of a group that failed. */
const maxAlone = 2;

/** Permits of one process go together: a group is who asked while the last one was under way. */
export function permitTogether(deps: Deps): Permits {
  return groupInputs({
    keyOf: ({ callId }: Claim) => String(callId),
    goesAlone: () => false,
    commit: (claims: Claim[]) => permitDials(claims, deps),
    meetsAll: isEverybodys,
    maxTogether,
    maxAlone,
  });
}
