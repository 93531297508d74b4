import type { Context } from 'koa'
import { type Asset, makeAsset } from './asset.ts'
import { type Brand, brandStylesheet, checkBrand } from './brand.ts'
import { type Dates, datesIn } from './dates.ts'
import { openLogo, tabIcon } from './logo.ts'
import { contentSecurityPolicy, setPageHeaders } from './page-headers.ts'
import { openStylesheet } from './stylesheet.ts'
import { openTemplates, type TemplateFacts } from './template.ts'

/** One page to show. */
interface Page {
  /** The file below views/, without its ending. */
  readonly view: string
  /** The page's h1, and the start of its title. */
  readonly heading: string
  readonly facts: TemplateFacts
  /** 200 when not said. */
  readonly status?: number
  /** True when the page tells of mistakes in a form: the title starts with "Error: ". */
  readonly hasProblems?: boolean
  /** Where a form of this page may end up beside our own origin (CSP `form-action`). */
  readonly formTarget?: string
  /** Token of the "Sign out" button, where somebody is signed in for more than one page. */
  readonly signOutToken?: string
}

/** The frame around every page of this door: one look, one set of headers, one help block. */
export interface Layout {
  readonly brand: Brand
  readonly dates: Dates
  readonly assets: readonly Asset[]
  readonly secure: boolean
  show(ctx: Context, page: Page): void
}

/**
 * Compiles the stylesheet (or reads the prebuilt one), reads the logo and checks the colours.
 * Throws Problem `invalid-request` when the brand cannot be shown as it is configured.
 */
export async function openLayout(parts: {
  readonly brand: Brand
  readonly secure: boolean
}): Promise<Layout> {
  const { brand, secure } = parts
  checkBrand(brand)
  const fill = openTemplates()
  const look = await openLook(brand)
  const around = {
    bankName: brand.bankName,
    helpPhone: brand.helpPhone,
    helpHours: brand.helpHours,
    ...look.urls,
  }
  const show = (ctx: Context, page: Page) => {
    const content = fill(page.view, { heading: page.heading, ...around, ...page.facts })
    const title = `${page.hasProblems ? 'Error: ' : ''}${page.heading} – ${brand.bankName}`
    const html = fill('layout', { ...around, title, content, signOutToken: page.signOutToken ?? '' })
    send(ctx, page, html, secure)
  }
  return { brand, dates: datesIn(brand.timeZone ?? 'Europe/London'), assets: look.assets, secure, show }
}

async function openLook(brand: Brand) {
  const styles = [
    makeAsset('stylesheet', 'css', 'text/css; charset=utf-8', await openStylesheet()),
    makeAsset('brand', 'css', 'text/css; charset=utf-8', brandStylesheet(brand)),
  ]
  const logo = brand.logoFile === undefined ? undefined : openLogo(brand.logoFile)
  const icon = tabIcon(brand.accentColour ?? '#0b5cad')
  return {
    assets: [...styles, icon, ...(logo ? [logo] : [])],
    urls: { styles: styles.map(({ path }) => path), logo: logo?.path ?? '', icon: icon.path },
  }
}

function send(ctx: Context, page: Page, html: string, secure: boolean): void {
  setPageHeaders(ctx, { secure })
  ctx.set('Content-Security-Policy', contentSecurityPolicy(page.formTarget))
  // under no-referrer browsers send `Origin: null` with a form post, which we refuse (Fetch standard, "append a request Origin header")
  if (html.includes('<form')) ctx.set('Referrer-Policy', 'same-origin')
  // a page may take the place of a redirect that was prepared
  ctx.remove('Location')
  ctx.status = page.status ?? 200
  ctx.type = 'text/html; charset=utf-8'
  ctx.body = html
}
