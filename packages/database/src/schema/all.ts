import { Call } from './calls.ts';
import { CrmPush } from './crm-pushes.ts';
import { Lead } from './leads.ts';

/**
 * The tables that are read as entities. What is only ever touched by conditional statements (outboxes, dials, facts)
 * has its shape in the migrations and its row schemas beside the statements.
 */
export const entities = [Lead, Call, CrmPush] as const;
