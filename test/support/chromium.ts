import { accessSync, constants } from 'node:fs'
import { type Browser, chromium } from 'playwright-core'

const usualPlaces = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome-stable',
  '/usr/bin/google-chrome',
  '/snap/bin/chromium',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
]

// Names of the tests are this machine, so that cross-site is really cross-site; every other name is nowhere, so that
// no page and no browser service reaches the network.
const names = 'MAP *.test 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1'

/** Where Chromium is on this machine (`CHROMIUM` says it for unusual places), if it is anywhere. */
function chromiumPath(): string | undefined {
  return [process.env.CHROMIUM ?? '', ...usualPlaces].find(isProgram)
}

let saidSo = false

/**
 * A hidden Chromium; whoever launches closes it. Where there is none the asking test or suite is skipped, and the
 * reason is printed once a run: `before(async function () { browser = await launchChromium(this) })`.
 */
export async function launchChromium(asking: Mocha.Context): Promise<Browser> {
  const executablePath = chromiumPath()
  if (executablePath === undefined) {
    if (!saidSo)
      console.error('No Chromium found: browser tests are skipped. CHROMIUM=/path/to/it names one.')
    saidSo = true
    return asking.skip()
  }
  return chromium.launch({
    executablePath,
    headless: true,
    args: [
      `--host-resolver-rules=${names}`,
      // /dev/shm of containers is too small for it.
      '--disable-dev-shm-usage',
      // Chromium's own sandbox does not start as root.
      ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
    ],
  })
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return path !== ''
  } catch {
    return false
  }
}
