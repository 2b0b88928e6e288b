import { z } from 'zod';

/** An Indian mobile number in any form that people write. */
export const phone = z.string().min(1).max(100);
