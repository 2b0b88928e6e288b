import { z } from 'zod';

export const leadStatuses = z.enum(['new', 'dispatched', 'failed']);
export type LeadStatus = z.infer<typeof leadStatuses>;

export const callStatuses = z.enum(['calling', 'called', 'pushed', 'failed']);
export type CallStatus = z.infer<typeof callStatuses>;

/** Every step that a lead may take. A trigger in the database enforces it for our services. */
export const leadSteps: Record<LeadStatus, readonly LeadStatus[]> = {
  new: ['dispatched', 'failed'],
  dispatched: ['new', 'failed'],
  failed: ['new', 'dispatched'],
};

export const callSteps: Record<CallStatus, readonly CallStatus[]> = {
  calling: ['called', 'failed'],
  called: ['pushed'],
  failed: ['called'],
  pushed: [],
};
