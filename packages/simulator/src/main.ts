import { runProcess } from '@leadline/service-kit/run-process';
import { readSimulatorConfig } from './config.ts';
import { startSimulator } from './start-simulator.ts';

await runProcess({
  service: 'simulator',
  config: () => readSimulatorConfig(process.env),
  async start(config, log) {
    const simulator = await startSimulator(config);
    log.info({ address: simulator.url }, 'the simulated world runs');
    return { stop: () => simulator.stop(), done: new Promise<never>(() => undefined) };
  },
});
