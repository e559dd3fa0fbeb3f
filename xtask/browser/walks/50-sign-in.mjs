// Domains and the sign-in policy: a domain claimed and verified, people led by their mail address to one connection or to a
// choice, the dry run read and single sign-on enforced, and the ways in that are left.

import { writeFileSync } from "node:fs";

import { signInAsAdmin } from "../lib/admin.mjs";
import { ok } from "../lib/visitor.mjs";

const TENANT = "sign-in-co";
const THERE = `/admin/tenants/${TENANT}`;
const DOMAIN = "sign-in.example.org";

export async function walk({ server, arrive }) {
  server.command("tenant", "create", "--id", TENANT, "--name", "Sign-in Ltd");
  const file = server.path("idp-of-sign-in.xml");
  writeFileSync(file, await (await fetch(`${server.url}/demo/idp/metadata`)).text());
  const connect = (id) =>
    server.command("tenant", "configure-idp", "--id", TENANT, "--connection", id, "--metadata", file);
  connect("sso");
  const it = await arrive("domains and sign-in policy");
  await signInAsAdmin(it, server, `it@${DOMAIN}`, TENANT);
  const verify = (routes) =>
    server.command("domain", "verify", "--tenant", TENANT, "--domain", DOMAIN, "--routes-to", routes);

  await it.step("a domain that anybody can have is refused", async () => {
    await it.open(`${THERE}/domains`);
    await it.fill("Domain", "gmail.com");
    await it.press("Add the domain", { status: 422 });
    await it.sees("mail service for everyone");
    await it.look("domains-refused");
  });
  await it.step("a domain is added, and the record is there to copy", async () => {
    await it.fill("Domain", DOMAIN);
    await it.press("Add the domain");
    const name = await it.value("Name");
    ok(name === `_domain-verification.${DOMAIN}`, `odd name ${name}`);
    ok((await it.value("Value")).startsWith("domain-verification="), "no value");
    await it.look("domain-pending");
    await it.press("Look it up now");
    await it.sees("pending");
    await it.look("domain-looked-up");
  });
  await it.step("the operator's word verifies it", async () => {
    verify("sso");
    await it.open(`${THERE}/domains/${DOMAIN}`);
    await it.sees("On the word of the operator");
    await it.look("domain-verified");
    await it.open(`${THERE}/domains`);
    await it.look("domains");
  });
  for (const javaScript of [true, false]) {
    const way = javaScript ? "" : " without scripts";
    const someone = await arrive(`someone who signs in${way}`, { javaScript });
    await someone.step("an unknown address reads that there is nothing", async () => {
      verify("-");
      await someone.open("/signin?relay_state=/reports");
      await someone.fill("Your work mail address", `alice@${DOMAIN}`);
      await someone.press("Continue");
      await someone.sees("There is no sign-in by this page");
      await someone.look(`sign-in-nothing${javaScript ? "" : "-plain"}`);
    });
    await someone.step("with several connections people choose", async () => {
      connect("second");
      verify("*");
      await someone.open("/signin?relay_state=/reports");
      await someone.fill("Your work mail address", `alice@${DOMAIN}`);
      await someone.press("Continue");
      await someone.sees("has several ways to sign in");
      await someone.look(`sign-in-choice${javaScript ? "" : "-plain"}`);
      await someone.go("second");
      await someone.look(`sign-in-provider${javaScript ? "" : "-plain"}`);
    });
    await someone.leave();
  }
  await it.step("the dry run says what is missing", async () => {
    await it.open(`${THERE}/policy`);
    await it.sees("Single sign-on is optional");
    await it.look("policy-optional");
    await it.press("Try it out");
    await it.sees("What is missing");
    await it.look("policy-missing");
  });
  const safe = await arrive("the account for emergencies");
  await signInAsAdmin(safe, server, `safe@${DOMAIN}`, TENANT);
  await safe.leave();
  await it.step("an account gets emergency access, and its codes once", async () => {
    await it.open(`${THERE}/policy`);
    const row = it.page.locator("tr", { hasText: `safe@${DOMAIN}` });
    await it.press("Give emergency access", { within: row });
    await it.sees("Print these codes now");
    await it.look("policy-codes");
    await it.go("They are locked away");
    await it.sees("8 codes left");
    await it.look("policy-emergency");
  });
  await it.leave();
}
