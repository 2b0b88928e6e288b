import { z } from 'zod';

/** A mode's name: the name of its file without `.json`, and what agents and tables call it. */
export const modeName = z
  .string()
  .regex(/^[a-z][a-z0-9_]{0,39}$/, 'must be 1 to 40 small letters, digits or _, with a letter first');

/** An answer's key. Metrics count by it, so it may not be a person's own words. */
const answerKey = /^[a-z][a-z0-9_]{0,59}$/;
const sayKey = 'the name of a property must be 1 to 60 small letters, digits or _, with a letter first';

const question = z.looseObject({
  type: z.literal('string', 'must be "string": every answer is a text'),
  /** What people read over the answer: a column’s head, a line of the CRM task. */
  title: z.string().min(1).max(60).optional(),
  /** What the agent’s model reads. */
  description: z.string().max(500).optional(),
  enum: z.array(z.string().min(1).max(200)).min(1).max(50).optional(),
});

const questions = z
  .record(z.string(), question)
  .superRefine((properties, context) => {
    for (const key of Object.keys(properties).filter((name) => !answerKey.test(name)))
      context.addIssue({ code: 'custom', path: [key], message: sayKey });
  })
  .refine((properties) => Object.keys(properties).length > 0, 'must name at least one answer')
  .refine((properties) => Object.keys(properties).length <= 60, 'must name at most 60 answers');

/** The answers of a mode as its agent gets them: a JSON Schema. */
export const answersSchema = z.object({
  type: z.literal('object'),
  properties: z.record(z.string(), z.looseObject({ type: z.literal('string') })),
});

const sayVersion = 'must say which version of the questions this is, such as "1"';

/** A mode’s file: a JSON Schema of the answers that an agent of this mode may learn. */
export const modeFile = z.looseObject({
  title: z.string().min(1).max(60).optional(),
  description: z.string().max(500).optional(),
  /** Changes whenever the questions do: every call keeps the version with which it was made. */
  version: z.string(sayVersion).min(1, sayVersion).max(40),
  type: z.literal('object', 'must be "object"'),
  properties: questions,
  required: z.never('nothing can be required: a buyer may answer nothing').optional(),
});

/** A mode: which answers an agent may learn, and what they are called. */
export type Mode = z.output<typeof modeFile> & { name: string };

/** Agents get the questions in their job, beside what the buyer asked for. */
const maxModeCharacters = 32_000;

/**
 * Reads a mode’s file.
 * @throws Error that names the file and every fault in it
 */
export function toMode(fileName: string, text: string): Mode {
  const name = modeName.safeParse(fileName.replace(/\.json$/, ''));
  if (!name.success) throw new Error(`${fileName}: its name ${name.error.issues[0]?.message ?? 'can not be read'}`);
  if (text.length > maxModeCharacters)
    throw new Error(`${fileName}: must have at most ${maxModeCharacters.toLocaleString('en')} characters`);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new Error(`${fileName}: is not JSON (${error instanceof Error ? error.message : String(error)})`, {
      cause: error,
    });
  }
  const read = modeFile.safeParse(json);
  if (read.success) return { ...read.data, name: name.data };
  const faults = read.error.issues.map(({ path, message }) => `${path.join('.') || 'the file'}: ${message}`);
  throw new Error(`${fileName}: ${faults.join('; ')}`);
}
