import { CommandUnanswered } from '@leadline/messaging/ask';
import { hearReports } from '../agent-check/hear-reports.ts';
import { loadRtcNode } from '../agent-check/load-rtc-node.ts';
import { playCalls } from '../agent-check/play-calls.ts';
import { toFindings } from '../agent-check/to-findings.ts';
import { readCount } from '../arguments.ts';
import { outputOption } from '../command-options.ts';
import { readCliConfig } from '../config.ts';
import { Unsuccessful } from '../exit-codes.ts';
import { toFindingLines } from '../finding-lines.ts';
import type { Program } from '../program.ts';

import { print, printJson, tell } from '../terminal.ts';
import { toLiveKitLogin } from '../with-livekit.ts';
import { withNats } from '../with-nats.ts';

export function addAgent(program: Program): void {
  program
    .command('agent')
    .summary('check a voice agent')
    .description('Checks of the voice agents that LiveKit sends to calls.')
    .command('check')
    .summary('play calls against a voice agent, without a telephone')
    .description(
      'Sends the agent into rooms of LiveKit in which this program plays the phone, and says whether it is named, comes ' +
        'in time, waits for the answer, reports early, once and at its end, survives a lost line, hangs up, and honours ' +
        'do-not-call. Nobody is rung, and no lead or call is made. It takes two minutes.',
    )
    .option('--agent-name <name>', 'the name of its worker (default: AGENT_NAME, else leadline-agent)')
    .option('--mode <mode>', 'the mode in its job', 'sarvam')
    .option('--wait <seconds>', 'how long it may take to come, as AGENT_WAIT_SECONDS', readCount, 10)
    .addOption(outputOption())
    .addHelpText(
      'after',
      `
It needs LIVEKIT_URL, LIVEKIT_API_KEY and LIVEKIT_API_SECRET, and the NATS that the agent reports to. The person speaks
in text (topic lk.chat), which LiveKit's AgentSession takes for speech. Exits with 1 if something is wrong.

Examples:
  leadline agent check --agent-name leadline-agent
  leadline agent check -o json | jq '.[] | select(.verdict == "bad")'`,
    )
    .action(async (options, command) => {
      const config = readCliConfig();
      const login = toLiveKitLogin(config);
      const rtc = await loadRtcNode(config.LEADLINE_STATE_DIR);
      const { openRehearsal } = await import('@leadline/telephony/rehearsal');
      const { toFaultWords } = await import('@leadline/telephony/livekit');
      const findings = await withNats(command.optsWithGlobals(), async (nats) => {
        const reports = await hearReports(nats);
        try {
          const facts = await playCalls({
            rtc,
            rehearsal: openRehearsal(login),
            reports,
            agentName: options.agentName ?? config.AGENT_NAME,
            mode: options.mode,
            waitSeconds: options.wait,
            say: (line) => tell(`… ${line}`),
          });
          return toFindings(facts);
        } catch (error) {
          throw new CommandUnanswered(`LiveKit ${toFaultWords(error)}`);
        } finally {
          await reports.stop();
          await rtc.dispose();
        }
      });
      if (options.output === 'json') printJson(findings);
      else for (const finding of findings) print(toFindingLines(finding));
      if (findings.some(({ verdict }) => verdict === 'bad')) throw new Unsuccessful();
    });
}
