import axe from 'axe-core';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { BrowserContext, Locator, Page } from 'playwright-core';
import { expect } from 'vitest';

const looks = [
  { scheme: 'light', name: 'desktop', width: 1280, height: 860 },
  { scheme: 'dark', name: 'desktop', width: 1280, height: 860 },
  { scheme: 'light', name: 'phone', width: 390, height: 844 },
  { scheme: 'dark', name: 'phone', width: 390, height: 844 },
] as const;

/** Whatever a page asks of another host, and whatever it complains about in its console. */
export function listenForFaults(context: BrowserContext, url: string): string[] {
  const faults: string[] = [];
  context.on('request', (request) => {
    const { origin, protocol } = new URL(request.url());
    if (protocol !== 'data:' && origin !== new URL(url).origin) faults.push(`asked ${request.url()}`);
  });
  context.on('console', (message) => {
    if (message.type() === 'error') faults.push(`said ${message.text()}`);
  });
  context.on('weberror', (error) => faults.push(`threw ${error.error().message}`));
  return faults;
}

/** Looks at a page in both colours and both widths: nothing that axe minds, nothing that must be scrolled sideways. */
export async function examine(page: Page, name: string): Promise<void> {
  const folder = join(import.meta.dirname, '../../.leadline/screenshots');
  mkdirSync(folder, { recursive: true });
  for (const { scheme, name: size, width, height } of looks) {
    await page.setViewportSize({ width, height });
    await page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' });
    await page.screenshot({ path: join(folder, `${name}-${scheme}-${size}.png`), fullPage: true });
    const beyond = await page.evaluate(`document.documentElement.scrollWidth - document.documentElement.clientWidth`);
    expect(beyond, `${name} at ${size} width can be scrolled sideways`).toBe(0);
    await page.evaluate(axe.source);
    const found = await page.evaluate<axe.AxeResults>(`axe.run()`);
    const told = found.violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
    expect(told, `axe on ${name}, ${scheme}, ${size}`).toEqual([]);
    expect(found.passes.length).toBeGreaterThan(5);
  }
  await page.setViewportSize({ width: 1280, height: 860 });
}

/** Presses Tab until the wanted element has the focus, and sees to it that one can tell. */
export async function tabTo(page: Page, wanted: Locator): Promise<void> {
  await wanted.waitFor();
  for (let presses = 0; presses < 80; presses++) {
    await page.keyboard.press('Tab');
    if (await wanted.evaluate((element) => element === element.ownerDocument.activeElement)) {
      const outline = await wanted.evaluate(
        (element) => element.ownerDocument.defaultView?.getComputedStyle(element).outlineStyle,
      );
      expect(outline, 'the focus can be seen').not.toBe('none');
      return;
    }
  }
  throw new Error(`the keyboard does not reach ${String(wanted)}`);
}
