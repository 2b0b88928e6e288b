import { z } from 'zod';

/** Unusable settings. The message names every faulty variable on a line of its own, with what is expected. */
export class ConfigError extends Error {
  override name = 'ConfigError';
}

/**
 * Reads settings once, through one zod schema keyed by variable name. An empty variable counts as absent.
 * @throws ConfigError with all problems together; it never repeats values, because one of them may be a secret
 */
export function readConfig<T extends z.ZodType>(schema: T, env: Record<string, string | undefined>): z.output<T> {
  const present = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''));
  const result = schema.safeParse(present);
  if (result.success) return result.data;
  const problems = result.error.issues.map((issue) => {
    const name = issue.path.join('.') || 'settings';
    const missing = issue.code === 'invalid_type' && !(name in present);
    return `  ${name}: ${missing ? 'is not set' : issue.message}`;
  });
  throw new ConfigError(`These settings can't be used:\n${problems.join('\n')}`);
}

/** A whole number within bounds, read from text. */
export function integer(min: number, max: number) {
  return z
    .string()
    .regex(/^-?\d+$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.number().min(min, `must be at least ${min}`).max(max, `must be at most ${max}`))
    .meta({ bounds: toBounds(min, max) });
}

/** A number within bounds, read from text; fractions allowed. */
export function decimal(min: number, max: number) {
  return z
    .string()
    .regex(/^-?\d+(\.\d+)?$/, 'must be a number')
    .transform(Number)
    .pipe(z.number().min(min, `must be at least ${min}`).max(max, `must be at most ${max}`))
    .meta({ bounds: toBounds(min, max) });
}

function toBounds(min: number, max: number): string {
  return `${min.toLocaleString('en')} to ${max.toLocaleString('en')}`;
}
