import { z } from 'zod';

/** An Indian mobile number, however a person writes it. */
export const phone = z.string().min(1).max(100);
