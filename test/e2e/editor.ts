import { existsSync } from 'node:fs';
import { type Browser, chromium, type Page } from 'playwright-core';

const CHROMIUM = process.env.VOICE_PRINTS_CHROMIUM ?? '/usr/bin/chromium';

/** @param more switches of Chromium, e.g. for a microphone of its own */
export async function openBrowser(more: readonly string[] = []): Promise<Browser> {
  if (!existsSync(CHROMIUM)) {
    throw new Error(`no browser at ${CHROMIUM}; install the Debian package chromium, or set VOICE_PRINTS_CHROMIUM`);
  }
  return chromium.launch({
    executablePath: CHROMIUM,
    args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', ...more],
  });
}

/** The editor in one language, with everything it complains about. */
export class Editor implements AsyncDisposable {
  readonly page: Page;
  /** Console errors and uncaught exceptions of the page. */
  readonly complaints: string[] = [];

  private constructor(page: Page) {
    this.page = page;
    page.on('console', (message) => {
      if (message.type() === 'error') this.complaints.push(`${message.text()} ${message.location().url}`);
    });
    page.on('pageerror', (error) => this.complaints.push(String(error)));
  }

  static async open(
    browser: Browser,
    url: string,
    language: 'en-US' | 'de',
    colorScheme: 'light' | 'dark' = 'light',
  ): Promise<Editor> {
    const context = await browser.newContext({ locale: language, colorScheme, viewport: { width: 1500, height: 950 } });
    await context.addInitScript((chosen) => localStorage.setItem('editor-language', chosen), language);
    const page = await context.newPage();
    const editor = new Editor(page);
    await page.goto(url, { timeout: 240_000 });
    await page.waitForSelector('#red-ui-palette-container .red-ui-palette-node', { timeout: 240_000 });
    await page
      .waitForSelector('#red-ui-loading-progress', { state: 'hidden', timeout: 240_000 })
      .catch(() => undefined);
    return editor;
  }

  /** Imports nodes as the import dialog does. */
  async importFlow(flow: unknown): Promise<void> {
    await this.page.evaluate((nodes) => {
      const { RED } = globalThis as unknown as { RED: { view: { importNodes(nodes: unknown, o: object): void } } };
      RED.view.importNodes(nodes, { generateIds: false, addFlow: false, touchImport: true });
    }, flow);
  }

  /** Opens the dialog of a node, or of a config node. */
  async edit(id: string): Promise<void> {
    await this.page.evaluate((nodeId) => {
      const { RED } = globalThis as unknown as {
        RED: {
          nodes: { node(id: string): { type: string; _def: { category: string } } };
          editor: { edit(node: unknown): void; editConfig(name: string, type: string, id: string): void };
        };
      };
      const node = RED.nodes.node(nodeId);
      if (node._def.category === 'config') RED.editor.editConfig('', node.type, nodeId);
      else RED.editor.edit(node);
    }, id);
    await this.page.waitForSelector('.red-ui-tray .red-ui-tray-footer', { timeout: 240_000 });
    await this.page.waitForTimeout(500);
  }

  async closeDialog(): Promise<void> {
    await this.page.click('#node-dialog-cancel:visible, #node-config-dialog-cancel:visible');
    await this.page.waitForSelector('.red-ui-tray', { state: 'detached', timeout: 240_000 });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.page.context().close();
  }
}
