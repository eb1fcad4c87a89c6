import type { Browser, Page } from 'playwright-core';

/** A page of the console, and everything it complains about or asks others for. */
export interface OpenConsole extends AsyncDisposable {
  readonly page: Page;
  /** Errors of the page, violations of its policy included. */
  readonly complaints: string[];
  /** What it asks of others. */
  readonly foreign: string[];
}

interface ConsoleOptions {
  readonly path?: string;
  readonly colorScheme?: 'light' | 'dark';
  readonly width?: number;
}

/** Opens the console of a server in a context of its own. */
export async function openConsole(
  browser: Browser,
  url: string,
  { path = '/', colorScheme = 'light', width = 1280 }: ConsoleOptions = {},
): Promise<OpenConsole> {
  const context = await browser.newContext({ colorScheme, locale: 'en-US', viewport: { width, height: 900 } });
  const page = await context.newPage();
  const complaints: string[] = [];
  const foreign: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('request', (request) => {
    if (!request.url().startsWith(url) && !request.url().startsWith('blob:')) foreign.push(request.url());
  });
  await page.goto(url + path);
  return { page, complaints, foreign, [Symbol.asyncDispose]: () => context.close() };
}

export async function signIn(page: Page, key: string): Promise<void> {
  await page.getByLabel('API key').fill(key);
  await page.keyboard.press('Enter');
}

/** Opens a view by its name in the navigation. */
export const openView = (page: Page, name: string): Promise<void> =>
  page.getByRole('navigation').getByRole('link', { name, exact: true }).click();
