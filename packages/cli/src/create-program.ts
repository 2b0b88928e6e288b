import { Command } from '@commander-js/extra-typings';
import type { Program } from './program.ts';
import { version } from '@leadline/service-kit/version';

type AddCommand = (program: Program) => void;

/** Each command has a file of its own, which adds itself. In the order of the help. */
const commands: Record<string, () => Promise<AddCommand>> = {
  tail: async () => (await import('./commands/tail.ts')).addTail,
  lead: async () => (await import('./commands/lead.ts')).addLead,
  lag: async () => (await import('./commands/lag.ts')).addLag,
  leads: async () => (await import('./commands/leads.ts')).addLeads,
  dialling: async () => (await import('./commands/dialling.ts')).addDialling,
  'call-again': async () => (await import('./commands/call-again.ts')).addCallAgain,
  callbacks: async () => (await import('./commands/callbacks.ts')).addCallbacks,
  'do-not-call': async () => (await import('./commands/do-not-call.ts')).addDoNotCallCommand,
  dlq: async () => (await import('./commands/dlq.ts')).addDlq,
  'test-call': async () => (await import('./commands/test-call.ts')).addTestCall,
  livekit: async () => (await import('./commands/livekit.ts')).addLiveKit,
  agent: async () => (await import('./commands/agent.ts')).addAgent,
  minutes: async () => (await import('./commands/minutes.ts')).addMinutes,
  dashboard: async () => (await import('./commands/dashboard.ts')).addDashboard,
  sources: async () => (await import('./commands/sources.ts')).addSources,
  reconcile: async () => (await import('./commands/reconcile.ts')).addReconcile,
  erase: async () => (await import('./commands/erase.ts')).addErase,
  doctor: async () => (await import('./commands/doctor.ts')).addDoctor,
  completion: async () => (await import('./commands/completion.ts')).addCompletion,
};

/**
 * Builds the program with only the requested command, because loading the others takes longer than most commands run.
 * For help, completion and unknown words it loads all of them.
 */
export async function createProgram(asked: string | undefined): Promise<Program> {
  const only = asked === undefined || asked === 'completion' ? undefined : commands[asked];
  const program = new Command('leadline')
    .description('Shows and controls a running Leadline: its events, leads, dead letters and dialling.')
    .version(`leadline ${version()}`, '--version', 'show the version')
    .exitOverride()
    .option('--nats-url <url>', 'NATS server (default: NATS_URL, else the one that runs in this clone)')
    .option('--nats-user <user>', 'NATS user (default: NATS_USER, else ops); its password is NATS_PASS')
    .helpOption('-h, --help', 'show help')
    .helpCommand('help [command]', 'show help of a command')
    .showHelpAfterError('(for help: leadline --help, or leadline <command> --help)')
    .addHelpText(
      'after',
      `
Examples:
  leadline tail                         what happens now, after the last 20 events
  leadline lead 17                      why lead 17 was or was not called
  leadline dialling stop --reason "wrong script"
  leadline minutes --month 2026-10 -o json | jq .minutes

In a clone: npm run -s leadline -- tail. Exit codes: docs/build/command-line.md.`,
    );
  const loaded = await Promise.all((only === undefined ? Object.values(commands) : [only]).map((load) => load()));
  for (const add of loaded) add(program);
  return program;
}
