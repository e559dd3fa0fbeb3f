// One person at one browser: clicks by what stands on the page, and notices what a person would not forgive.

import { mkdirSync } from "node:fs";
import { join } from "node:path";

export const WIDTHS = [1280, 390];
const STEP_SECONDS = 20;

export class Visitor {
  /** @param {{browser, base: string, report, axe: string, pictures: string, javaScript?: boolean, name: string}} at */
  static async arrive(at) {
    const visitor = new Visitor(at);
    visitor.context = await at.browser.newContext({
      baseURL: at.base,
      javaScriptEnabled: at.javaScript !== false,
      viewport: { width: WIDTHS[0], height: 900 },
      // What is copied shall be read back.
      permissions: at.javaScript === false ? [] : ["clipboard-read", "clipboard-write"],
    });
    visitor.context.setDefaultTimeout(STEP_SECONDS * 1000);
    visitor.page = await visitor.context.newPage();
    visitor.devTools = await visitor.context.newCDPSession(visitor.page);
    visitor.#listen();
    return visitor;
  }

  constructor(at) {
    this.at = at;
    this.troubles = [];
    this.expected = new Set([200]);
    mkdirSync(at.pictures, { recursive: true });
  }

  #listen() {
    const { page } = this;
    page.on("console", (message) => {
      const text = message.text();
      const status = /status of (\d+)/.exec(text);
      if (message.type() === "error" && !(status && this.expected.has(Number(status[1])))) {
        this.troubles.push(`console: ${text} (${message.location().url})`);
      }
    });
    page.on("pageerror", (error) => this.troubles.push(`script: ${error.message}`));
    page.on("requestfailed", (request) => {
      // A navigation that another one overtakes fails without harm.
      const why = request.failure()?.errorText ?? "";
      if (!why.includes("ERR_ABORTED")) {
        this.troubles.push(`request: ${request.url()} ${why}`);
      }
    });
    page.on("dialog", (dialog) => {
      this.troubles.push(`dialog: ${dialog.message()}`);
      dialog.dismiss().catch(() => {});
    });
  }

  /** Does one step and says how it went; a failed one ends the walk. */
  async step(what, work) {
    const { report } = this.at;
    try {
      const value = await work();
      const troubles = this.troubles.splice(0);
      if (troubles.length > 0) {
        throw new Error(troubles.join("\n"));
      }
      report.passed(`${this.at.name}: ${what}`);
      return value;
    } catch (error) {
      await this.#snap(`failed-${this.at.name}`, WIDTHS[0]).catch(() => {});
      const title = await this.page.title().catch(() => "?");
      throw new Error(`${this.at.name}: ${what}\n${error.message}\nat ${this.page.url()} (${title})`);
    }
  }

  /** Opens a path; statuses other than 200 must be named. */
  async open(path, status = 200) {
    this.expected = new Set([200, status]);
    const answer = await this.page.goto(path);
    equal(answer.status(), status, `status of ${path}`);
  }

  /** Opens a path whose answer redirects; gives where it led. */
  async follow(path) {
    this.expected = new Set([200]);
    await this.page.goto(path);
    return this.page.url();
  }

  /** Sends the form that a button of this name belongs to. */
  async press(name, { status = 200, within = this.page } = {}) {
    this.expected = new Set([200, status]);
    const button = within.getByRole("button", { name, exact: true });
    equal(await button.count(), 1, `buttons named "${name}"`);
    // A link that looks like a button is a link. Without scripts the driver cannot tell where a click will land, so
    // the button is pressed as people do who have no mouse.
    const pressed = this.at.javaScript === false ? button.press("Enter") : button.click();
    await Promise.all([this.page.waitForNavigation({ waitUntil: "load" }), pressed]);
  }

  /** Follows a link of this name. */
  async go(name, { within = this.page } = {}) {
    this.expected = new Set([200]);
    const link = within.getByRole("link", { name, exact: true });
    ok((await link.count()) >= 1, `no link named "${name}"`);
    await Promise.all([this.page.waitForNavigation({ waitUntil: "load" }), link.first().click()]);
  }

  /** Fills in a field by the text of its label. */
  async fill(label, value) {
    await this.#field(label).fill(value);
  }

  async choose(label, option) {
    await this.#field(label).selectOption({ label: option });
  }

  async tick(label) {
    await this.#field(label).check();
  }

  async upload(label, file) {
    await this.#field(label).setInputFiles(file);
  }

  /** The value of a field by its label. */
  async value(label) {
    return this.#field(label).inputValue();
  }

  #field(label) {
    const escaped = label.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
    return this.page.getByLabel(new RegExp(`^${escaped}( \\(optional\\))?$`)).first();
  }

  /** All text that a person sees. */
  async text() {
    return this.page.locator("body").innerText();
  }

  async sees(...texts) {
    const shown = (await this.text()).replace(/\s+/g, " ");
    for (const text of texts) {
      ok(text instanceof RegExp ? text.test(shown) : shown.includes(text), `the page does not say ${text}:\n${shown}`);
    }
  }

  async seesNot(...texts) {
    const shown = (await this.text()).replace(/\s+/g, " ");
    for (const text of texts) {
      ok(!shown.includes(text), `the page says ${text}`);
    }
  }

  /** Takes pictures at all widths, and checks what holds for every page. */
  async look(name) {
    for (const width of WIDTHS) {
      await this.page.setViewportSize({ width, height: 900 });
      await this.#snap(name, width);
      const { cssContentSize, cssLayoutViewport } = await this.devTools.send("Page.getLayoutMetrics");
      if (cssContentSize.width > cssLayoutViewport.clientWidth) {
        throw new Error(`${name} scrolls sideways at ${width}: ${cssContentSize.width} wide\n${await this.#beyond()}`);
      }
      // The same page without scripts cannot be asked; it is the same page.
      if (this.at.javaScript !== false) {
        await this.#check(name, width);
      }
    }
    await this.page.setViewportSize({ width: WIDTHS[0], height: 900 });
  }

  /** The elements that stick out. */
  async #beyond() {
    if (this.at.javaScript === false) {
      return "";
    }
    return this.page.evaluate(() => {
      const inner = document.documentElement.clientWidth;
      const beyond = [...document.querySelectorAll("body *")].filter(
        (element) => element.getBoundingClientRect().right > inner + 1 && element.getBoundingClientRect().left >= 0,
      );
      return beyond.slice(0, 3).map((element) => element.outerHTML.slice(0, 160)).join("\n");
    });
  }

  /** What axe-core finds: labels, contrast, landmarks, headings, names. */
  async #check(name, width) {
    await this.page.evaluate(this.at.axe);
    const violations = await this.page.evaluate(async () => {
      const found = await window.axe.run(document, {
        runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
        resultTypes: ["violations"],
      });
      return found.violations.map(({ id, help, nodes }) =>
        `${id}: ${help}\n${nodes.slice(0, 3).map((node) => `    ${node.html}\n    ${node.failureSummary}`).join("\n")}`);
    });
    ok(violations.length === 0, `${name} at ${width}:\n${violations.join("\n")}`);
  }

  async #snap(name, width) {
    await this.page.screenshot({ path: join(this.at.pictures, `${name}-${width}.png`), fullPage: true });
  }

  async leave() {
    await this.context.close();
  }
}

export function ok(condition, message) {
  if (!condition) {
    throw new Error(message);
  }
}

export function equal(found, expected, what) {
  ok(found === expected, `${what}: expected ${expected}, found ${found}`);
}
