// Starts the example server and a browser, and walks through the pages. Ends by itself, whatever happens.

import { createRequire } from "node:module";
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { resolve } from "node:path";
import { parseArgs } from "node:util";

import { Server } from "./lib/server.mjs";
import { Visitor } from "./lib/visitor.mjs";

const MOST_SECONDS = 900;

const { values, positionals } = parseArgs({
  options: {
    server: { type: "string" },
    modules: { type: "string" },
    pictures: { type: "string" },
    chromium: { type: "string", default: "/usr/bin/chromium" },
  },
  allowPositionals: true,
});
const require = createRequire(resolve(values.modules, "package.json"));
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

let passed = 0;
const report = {
  passed(what) {
    passed += 1;
    console.log(`   ok: ${what}`);
  },
};

rmSync(values.pictures, { recursive: true, force: true });
const server = await Server.start(values.server);
let browser;
let failure;
const late = new Promise((_, reject) => {
  setTimeout(() => reject(new Error(`the walk took more than ${MOST_SECONDS} seconds`)), MOST_SECONDS * 1000).unref();
});
try {
  browser = await chromium.launch({
    executablePath: values.chromium,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
  const arrive = (name, options = {}) =>
    Visitor.arrive({ browser, base: server.url, report, axe, pictures: values.pictures, name, ...options });
  const folder = new URL("./walks/", import.meta.url);
  const walks = readdirSync(folder).filter((file) => file.endsWith(".mjs")).sort();
  const work = async () => {
    for (const file of walks.filter((file) => positionals.length === 0 || positionals.some((part) => file.includes(part)))) {
      const { walk } = await import(new URL(file, folder));
      await walk({ server, arrive });
    }
  };
  await Promise.race([work(), late]);
} catch (error) {
  failure = error;
} finally {
  await browser?.close().catch(() => {});
  await server.stop();
}
if (failure) {
  console.log(`   FAILED: ${failure.message}`);
}
console.log(`${passed} passed, ${failure ? 1 : 0} failed`);
process.exit(failure || passed === 0 ? 1 : 0);
