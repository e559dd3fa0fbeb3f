// The simulated directories: people come, change, leave and come back while one watches.

import { equal, ok } from "../lib/visitor.mjs";

const TENANTS = [
  { id: "acme", name: "Acme", sees: ["Research", "Sales"] },
  { id: "globex", name: "Globex", sees: ["Research", "takes groups as they were made"] },
  { id: "initech", name: "Initech", sees: ["has users only"] },
  { id: "hooli", name: "Hooli", sees: ["PROCESS_CONTRIBUTOR"] },
  { id: "umbrella", name: "Umbrella", sees: ["Admin", "user names never change"] },
];
const MOST_STEPS = 30;

export async function walk({ server, arrive }) {
  for (const [number, tenant] of TENANTS.entries()) {
    // Each second one without scripts: the pages are the same.
    const javaScript = number % 2 === 0;
    const visitor = await arrive(`directory of ${tenant.name}`, { javaScript });
    const there = `/demo/directory/${tenant.id}`;
    await visitor.step("the start page leads to it", async () => {
      await visitor.open("/");
      await visitor.go(`Directory of ${tenant.name}`);
      await visitor.sees("What the directory sent", "comes next");
      await visitor.look(`directory-${tenant.id}-first`);
    });
    await visitor.step("step by step it provisions Bob", async () => {
      await until(visitor, "It provisions Bob");
      await visitor.sees(`bob@`, "201");
    });
    const person = await arrive(`Bob of ${tenant.name}`, { javaScript });
    await person.step("he signs in", async () => {
      await person.open("/");
      await person.go(`Sign in to ${tenant.name}`);
      await person.press("Sign in as Bob");
      if (!javaScript) {
        await person.press("Continue");
      }
      await person.page.waitForURL(`${server.url}/`);
      await person.sees("You are signed in as", tenant.id);
    });
    await visitor.step("the directory switches him off", async () => {
      await until(visitor, "Bob leaves the company");
      await visitor.sees("inactive");
      await visitor.look(`directory-${tenant.id}`);
    });
    await person.step("his session is over", async () => {
      await person.open("/v1/session", 401);
      await person.open("/");
      await person.sees("You are not signed in");
    });
    await visitor.step("he comes back, and all steps are done", async () => {
      await until(visitor, "The directory lists everybody");
      await visitor.seesNot("inactive");
      await visitor.sees("steps are done", ...tenant.sees);
    });
    await visitor.step("it runs again by itself until it is stopped", async () => {
      await visitor.press("Run again by itself");
      await visitor.sees("The page shows it by itself");
      // The browser loads the page again by itself.
      await visitor.page.waitForFunction(() => document.body.innerText.includes("It provisions Alice")).catch(async () => {
        // Without scripts nothing can wait inside of the page.
        await visitor.open(there);
      });
      await visitor.press("Stop");
      await visitor.sees("Next step");
    });
    ok((await person.context.cookies()).every((cookie) => cookie.httpOnly), "a cookie is within reach of scripts");
    equal(new URL(visitor.page.url()).pathname, there, "address");
    await person.leave();
    await visitor.leave();
  }
  const operator = await arrive("the demo's operator");
  await operator.step("one click opens the administration pages", async () => {
    await operator.open("/");
    await operator.press("Administer the whole service (demo only)");
    await operator.sees("Tenants", "Acme", "Umbrella", "demo-admin@example.com");
    await operator.look("demo-operator");
  });
  await operator.leave();
  const admin = await arrive("the demo's administrator of Umbrella");
  await admin.step("one click opens those of one tenant", async () => {
    await admin.open("/");
    await admin.press("Administer Umbrella (demo only)");
    await admin.sees("Umbrella");
    await admin.seesNot("Globex");
    await admin.open("/admin/tenants/acme", 404);
  });
  await admin.leave();
}

/** Presses "Next step" until the directory has done what is said. */
async function until(visitor, what) {
  for (let step = 0; step < MOST_STEPS; step += 1) {
    await visitor.press("Next step");
    const sent = await visitor.page.locator("h3").first().innerText();
    if (sent.startsWith(what)) {
      return;
    }
  }
  throw new Error(`the directory never said: ${what}`);
}
