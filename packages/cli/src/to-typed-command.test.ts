import { expect, test } from 'vitest';
import { toTypedCommand } from './to-typed-command.ts';

const added = '--reason "why"';

test.for([
  [['dialling', 'start'], 'leadline dialling start --reason "why"'],
  [['call-again', '17', '--who', 'Asha Verma'], `leadline call-again 17 --who 'Asha Verma' --reason "why"`],
  [['erase', "it's"], `leadline erase 'it'\\''s' --reason "why"`],
  [['do-not-call', 'add', '+91 90000 02042'], 'leadline do-not-call add … --reason "why"'],
  [
    ['dialling', 'start', '--nats-url', 'nats://ops:secret@host:4222'],
    'leadline dialling start --nats-url … --reason "why"',
  ],
] as const)('%j is shown as %s', ([args, shown]) => {
  expect(toTypedCommand(args, added, 'itself')).toBe(shown);
});

test('in a clone it goes through npm', () => {
  expect(toTypedCommand(['dialling', 'start'], added, 'npm')).toBe(
    'npm run -s leadline -- dialling start --reason "why"',
  );
});
