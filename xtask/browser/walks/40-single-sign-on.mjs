// Each product's guide for single sign-on: values to copy, metadata looked at and taken, a test login that fails and
// says what to change, one that works, the mapping tried on it, and people who sign in by their mail address.

import { writeFileSync } from "node:fs";

import { signInAsAdmin } from "../lib/admin.mjs";
import { equal, ok } from "../lib/visitor.mjs";
import { PRODUCTS } from "./20-operator.mjs";

export async function walk({ server, arrive }) {
  const metadata = await (await fetch(`${server.url}/demo/idp/metadata`)).text();
  const file = server.path("idp.xml");
  writeFileSync(file, metadata);
  for (const [number, [product, name]] of PRODUCTS.entries()) {
    const javaScript = product !== "tonkean";
    const tenant = `${product}-co`;
    const there = `/admin/tenants/${tenant}`;
    const admin = await arrive(`single sign-on of ${name}`, { javaScript });
    await signInAsAdmin(admin, server, `sso@${product}.example.org`, tenant);
    await admin.step("a connection is made", async () => {
      await admin.open(`${there}/sso`);
      await admin.look(`sso-${product}-new`);
      await admin.fill("Display name", "Our Okta");
      await admin.choose("Identity provider", "Okta");
      await admin.press("Make the connection");
      await admin.sees("For your identity provider");
      await admin.look(`sso-${product}-values`);
    });
    const connection = new URL(admin.page.url()).pathname;
    await admin.step("our values are there to copy", async () => {
      const values = await admin.page.locator("input[data-copy]").evaluateAll((all) => all.map((one) => one.value));
      ok(values.some((value) => value.startsWith(server.url) && value.includes("acs")), `no ACS address: ${values}`);
    });
    await admin.step("broken metadata is refused with the reason, and nothing changes", async () => {
      await admin.fill("Metadata XML", "<EntityDescriptor/>");
      await admin.press("Look at it", { status: 422 });
      await admin.sees("There is a problem");
      await admin.look(`sso-${product}-broken`);
    });
    await admin.step("good metadata is looked at, and taken", async () => {
      await admin.open(connection);
      if (number % 2 === 0) {
        await admin.fill("Metadata XML", metadata);
      } else {
        await admin.upload("Or a file", file);
      }
      await admin.press("Look at it");
      await admin.sees("Take this configuration");
      await admin.look(`sso-${product}-metadata`);
      await admin.press("Take this configuration");
      await admin.look(`sso-${product}-taken`);
    });
    await admin.step("a test login at the identity provider works", async () => {
      await admin.go("Begin a test login");
      await admin.press("Sign in as Alice");
      if (!javaScript) {
        await admin.press("Continue");
      }
      await admin.page.waitForLoadState();
      await admin.look(`sso-${product}-test`);
    });
    await admin.leave();
  }
}
