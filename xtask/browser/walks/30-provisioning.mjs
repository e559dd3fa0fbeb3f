// Each product's guide for provisioning: the values to copy, a token shown once, its replacement, its end; then what
// the administrator sees of the people.

import { signInAsAdmin } from "../lib/admin.mjs";
import { equal, ok } from "../lib/visitor.mjs";
import { PRODUCTS } from "./20-operator.mjs";

const WORDS = { tonkean: "token " };
const AT_ONCE = ["toktra"];
const COMES_SWITCHED_OFF = ["torii"];

export async function walk({ server, arrive }) {
  for (const [number, [product, name]] of PRODUCTS.entries()) {
    // One without scripts: the pages are the same.
    const javaScript = product !== "tonkean";
    const tenant = `${product}-co`;
    const there = `/admin/tenants/${tenant}`;
    const admin = await arrive(`provisioning of ${name}`, { javaScript });
    await signInAsAdmin(admin, server, `it@${product}.example.org`, tenant);
    const send = (token, path, options = {}) => fetch(`${base}${path}`, {
      headers: { authorization: `${WORDS[product] ?? "Bearer "}${token}`, "content-type": "application/scim+json" },
      ...options,
    });

    const base = await admin.step("the base URL is there to copy", async () => {
      await admin.open(there);
      await admin.go("Provisioning");
      const links = admin.page.locator(`main a[href^="${there}/scim/"]`);
      if (!(await admin.text()).includes("Base URL")) {
        await Promise.all([admin.page.waitForNavigation(), links.first().click()]);
      }
      const shown = await admin.value("Base URL (SCIM 2.0)");
      ok(shown.startsWith(server.url) && shown.endsWith("/scim/v2"), `odd base URL ${shown}`);
      if (javaScript) {
        await admin.page.getByRole("button", { name: "Copy Base URL (SCIM 2.0)" }).click();
        equal(await admin.page.evaluate(() => navigator.clipboard.readText()), shown, "what was copied");
      }
      await admin.look(`provisioning-${product}`);
      return shown;
    });
    if (COMES_SWITCHED_OFF.includes(product)) {
      await admin.step("provisioning is switched on", async () => {
        const on = admin.page.getByRole("button", { name: "Switch provisioning on" });
        if (await on.count()) {
          await admin.press("Switch provisioning on");
        }
        await admin.sees("Provisioning is on");
      });
    }
    const page = admin.page.url();

    const token = await makeToken(admin, product, "Make a token", `token-${product}`);
    await admin.step("the token works, and is not shown again", async () => {
      equal((await send(token, "/Users")).status, 200, "a list with the new token");
      await admin.go("I have copied it");
      await admin.seesNot(token);
      ok(!(await admin.page.content()).includes(token), "the token is still in the page");
      equal((await send(`${token}x`, "/Users")).status, 401, "a list with a wrong token");
    });
    await admin.step("its page says when it was used", async () => {
      await openToken(admin);
      await admin.sees("First used", "works");
      await admin.look(`token-page-${product}`);
    });
    const second = await makeToken(admin, product, "Make its replacement", `token-rotated-${product}`);
    await admin.step("the replacement works, and the old one as the product has it", async () => {
      equal((await send(second, "/Users")).status, 200, "a list with the second token");
      const old = (await send(token, "/Users")).status;
      equal(old, AT_ONCE.includes(product) ? 401 : 200, "a list with the first token");
    });
    await admin.step("a person is provisioned and shown", async () => {
      const email = `ada@${product}.example.org`;
      const body = JSON.stringify({
        schemas: ["urn:ietf:params:scim:schemas:core:2.0:User"],
        userName: email,
        displayName: "Ada Example",
        emails: [{ value: email, type: "work", primary: true }],
      });
      const made = await send(second, "/Users", { method: "POST", body });
      await admin.open(`${there}/users`);
      if (made.status === 201) {
        await admin.sees("ada@");
        await admin.look(`users-${product}`);
        await Promise.all([
          admin.page.waitForNavigation(),
          admin.page.locator(`main a[href^="${there}/users/"]`).first().click(),
        ]);
        await admin.sees("As provisioned", "Ada Example");
        await admin.look(`user-${product}`);
      } else {
        // Torii takes addresses of verified domains alone, and this tenant has none yet.
        equal(product === "torii" && made.status, 400, "status of the new user");
        await admin.look(`users-${product}`);
      }
    });
    await admin.step("a revoked token is refused at its next request", async () => {
      await admin.open(page.slice(server.url.length));
      await openToken(admin);
      await admin.press("Revoke the token");
      await admin.sees("The token is revoked");
      equal((await send(second, "/Users")).status, 401, "a list with the revoked token");
    });
    await admin.step("the audit trail tells of it, and can be narrowed down", async () => {
      await admin.open(`${there}/audit`);
      await admin.look(`audit-${product}`);
      await admin.page.getByLabel("What", { exact: true }).selectOption({ index: 1 });
      await admin.press("Show");
      await admin.look(`audit-filtered-${product}`);
    });
    await admin.step("groups, accounts and administrators have pages", async () => {
      for (const end of ["groups", "people", "admins"]) {
        await admin.open(`${there}/${end}`);
        await admin.look(`${end}-${product}`);
      }
    });
    await admin.step("other tenants are out of reach", async () => {
      const other = PRODUCTS[(number + 1) % PRODUCTS.length][0];
      await admin.open(`/admin/tenants/${other}-co`, 404);
    });
    await admin.leave();
  }
}

/** Makes a token by the form on the page; gives the secret that is shown. */
async function makeToken(admin, product, button, picture) {
  return admin.step(`${button.toLowerCase()}: it is shown once`, async () => {
    if (product === "torii") {
      // Torii's keys always end.
      const day = new Date(Date.now() + 60 * 86_400_000).toISOString().slice(0, 10);
      await admin.fill("Expires", day);
    }
    await admin.press(button);
    await admin.sees("shown this once");
    await admin.look(picture);
    const token = await admin.value("Token");
    ok(token.length > 40, "there is no token");
    return token;
  });
}

/** Opens the page of the newest token. */
async function openToken(admin) {
  const link = admin.page.locator('main table a[href*="/tokens/"]').first();
  await Promise.all([admin.page.waitForNavigation(), link.click()]);
}
