import { Option, type Command, type OptionValues } from '@commander-js/extra-typings';
import type { Trunk } from '@leadline/telephony/trunks';
import { outputOption, yesOption } from '../command-options.ts';
import { readCliConfig } from '../config.ts';
import { confirm } from '../confirm.ts';
import { Unsuccessful, WrongUse } from '../exit-codes.ts';
import type { Finding } from '../finding.ts';
import { toFindingLines } from '../finding-lines.ts';
import type { Program } from '../program.ts';
import { isAttended, paint, print, printJson, tell } from '../terminal.ts';
import { toTable } from '../to-table.ts';
import { askLiveKit, toLiveKitLogin } from '../with-livekit.ts';
import { withNats } from '../with-nats.ts';

type LiveKitCommand = Command<[], OptionValues, ReturnType<Program['opts']>>;

/** `leadline livekit`: the set-up of LiveKit for Leadline. Each asks LiveKit itself, with LIVEKIT_URL and its key. */
export function addLiveKit(program: Program): void {
  const livekit = program
    .command('livekit')
    .summary('set up LiveKit, and see whether calls can be placed')
    .description(
      'Trunks, webhooks and a check of LiveKit. It needs LIVEKIT_URL, LIVEKIT_API_KEY and LIVEKIT_API_SECRET.',
    );
  addCheck(livekit);
  addTrunks(livekit);
  addPrintConfig(livekit);
}

function addCheck(livekit: LiveKitCommand): void {
  livekit
    .command('doctor')
    .summary('try everything that a call needs, without a phone')
    .description(
      'Tries the key, names the server’s version and the trunk, sends a job to the agent in a room without a phone, ' +
        'lets the SIP bridge dial where no phone can be, and waits for the room’s webhook at the call-tracker. No phone rings.',
    )
    .option('--agent-name <name>', 'the name of the agent’s worker (default: AGENT_NAME)')
    .option('--trunk <id>', 'the trunk (default: SIP_TRUNK_ID, else every trunk)')
    .option('--wait <seconds>', 'how long the agent may take to come', Number, 10)
    .addOption(outputOption())
    .addHelpText(
      'after',
      `
It exits with 1 if there is something to repair. Whether the trunk works shows only a call.

Examples:
  leadline livekit doctor
  leadline livekit doctor -o json | jq '.[] | select(.verdict == "bad")'`,
    )
    .action(async (options, command) => {
      const config = readCliConfig();
      const login = toLiveKitLogin(config);
      const { examineLiveKit } = await import('../examine-livekit.ts');
      const findings: Finding[] = [];
      const show = (finding: Finding): void => {
        findings.push(finding);
        if (options.output === 'pretty') print(toFindingLines(finding));
      };
      const asked = {
        login,
        agentName: options.agentName ?? config.AGENT_NAME,
        trunkId: options.trunk ?? config.SIP_TRUNK_ID,
        waitMs: options.wait * 1_000,
      };
      await withNats(command.optsWithGlobals(), (nats) => examineLiveKit(nats, asked, show));
      if (options.output === 'json') printJson(findings);
      if (findings.some(({ verdict }) => verdict === 'bad')) throw new Unsuccessful();
    });
}

function addTrunks(livekit: LiveKitCommand): void {
  const trunk = livekit.command('trunk').description('The ways from LiveKit to telephone providers.');
  trunk
    .command('create')
    .summary('make a way to your telephone provider, and print its SIP_TRUNK_ID')
    .description('Makes an outbound trunk. Set the id that it prints as SIP_TRUNK_ID of the dispatcher.')
    .requiredOption('--address <host>', 'the provider’s SIP address, such as sip.provider.example or 203.0.113.7:5060')
    .requiredOption('--number <number...>', 'the numbers that people may see, such as +918047100000')
    .option('--name <name>', 'what you call it', 'leadline')
    .option('--user <user>', 'the user that the provider gave you; its password is asked for, or TRUNK_PASSWORD', '')
    .addOption(
      new Option('--transport <transport>', 'how to reach it')
        .choices(['auto', 'udp', 'tcp', 'tls'] as const)
        .default('auto' as const),
    )
    .addOption(outputOption())
    .action(async (options) => {
      const config = readCliConfig();
      const login = toLiveKitLogin(config);
      const wrong = options.number.find((number) => !/^\+?\d{3,15}$/.test(number));
      if (wrong !== undefined) throw new WrongUse(`--number ${wrong}: write it as +918047100000`);
      const { name, address, user, transport, number: numbers } = options;
      const password = user === '' ? undefined : (config.TRUNK_PASSWORD ?? (await askPassword()));
      const made = await askLiveKit(async () => {
        const { openTrunks } = await import('@leadline/telephony/trunks');
        return openTrunks(login).create({ name, address, numbers, user, password, transport });
      });
      if (options.output === 'json') return printJson(made);
      print(`SIP_TRUNK_ID=${made.id}`);
      tell('set it for the dispatcher, then: leadline livekit doctor');
    });
  trunk
    .command('list')
    .description('Lists the outbound trunks. Passwords are not shown.')
    .addOption(outputOption())
    .action(async (options) => {
      const login = toLiveKitLogin(readCliConfig());
      const all = await askLiveKit(async () => {
        const { openTrunks } = await import('@leadline/telephony/trunks');
        return openTrunks(login).list();
      });
      if (options.output === 'json') printJson(all);
      else if (all.length === 0) tell('LiveKit knows no outbound trunk: make one with leadline livekit trunk create');
      else print(toTable(['SIP_TRUNK_ID', 'name', 'address', 'numbers', 'user'], all.map(toRow)));
    });
  trunk
    .command('delete')
    .description('Deletes a trunk from LiveKit. Calls over it fail from then on; the provider is not told.')
    .argument('<id>', 'as leadline livekit trunk list shows it')
    .addOption(yesOption())
    .action(async (id, options) => {
      const login = toLiveKitLogin(readCliConfig());
      await confirm(`No call can be placed over ${id} any more. Delete it?`, options);
      await askLiveKit(async () => {
        const { openTrunks } = await import('@leadline/telephony/trunks');
        const trunks = openTrunks(login);
        if (!(await trunks.list()).some((known) => known.id === id))
          throw new WrongUse(`LiveKit knows no outbound trunk ${id}; leadline livekit trunk list shows all`);
        return trunks.remove(id);
      });
      print(`${id} is ${paint('red', 'deleted')}`);
    });
}

function addPrintConfig(livekit: LiveKitCommand): void {
  livekit
    .command('print-config')
    .summary('print the webhook lines for livekit.yaml')
    .description('Prints what livekit.yaml needs so that LiveKit tells the call-tracker of its calls.')
    .requiredOption('--webhook-url <url>', 'the call-tracker as LiveKit reaches it: https://…/webhooks/livekit')
    .action((options) => {
      const key = readCliConfig().LIVEKIT_API_KEY ?? 'the LIVEKIT_API_KEY of the call-tracker';
      const url = URL.parse(options.webhookUrl);
      if (url === null || !/^https?:$/.test(url.protocol))
        throw new WrongUse('--webhook-url must be an http(s) address');
      if (!url.pathname.endsWith('/webhooks/livekit'))
        tell('the call-tracker takes webhooks at /webhooks/livekit: does your proxy add that?');
      print(`webhook:\n  api_key: ${JSON.stringify(key)}\n  urls:\n    - ${JSON.stringify(options.webhookUrl)}`);
    });
}

function toRow({ id, name, address, numbers, user }: Trunk): string[] {
  return [id, name, address, numbers.join(' '), user];
}

async function askPassword(): Promise<string> {
  if (!isAttended()) throw new WrongUse('set TRUNK_PASSWORD: the password of --user');
  const { password, isCancel } = await import('@clack/prompts');
  const typed = await password({ message: 'The trunk’s password', output: process.stderr });
  if (isCancel(typed) || typed === '') throw new WrongUse('without a password nothing was made');
  return typed;
}
