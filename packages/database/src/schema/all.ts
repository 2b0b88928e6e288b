import { Call } from './calls.ts';
import { CrmPush } from './crm-pushes.ts';
import { Lead } from './leads.ts';

/**
 * The tables that are defined as entities too. Tables that only conditional statements touch (outboxes, dials, facts) are
 * defined by the migrations, and by row schemas beside the statements.
 */
export const entities = [Lead, Call, CrmPush] as const;
