// Our own keys are exchanged: the next one is made, the time of the switch set, passed over and moved, the old one retired
// and deleted; with scripts and without.

import { writeFileSync } from "node:fs";

import { signInAsAdmin } from "../lib/admin.mjs";
import { equal, ok } from "../lib/visitor.mjs";

export async function walk({ server, arrive }) {
  const metadata = await (await fetch(`${server.url}/demo/idp/metadata`)).text();
  const file = server.path("keys-idp.xml");
  writeFileSync(file, metadata);
  for (const [tenant, javaScript] of [["keys-co", true], ["keys-plain-co", false]]) {
    server.command("tenant", "create", "--id", tenant, "--profile", "toktra", "--name", "Keys Ltd");
    server.command("tenant", "configure-idp", "--id", tenant, "--metadata", file);
    const admin = await arrive(javaScript ? "our keys" : "our keys without scripts", { javaScript });
    const picture = (name) => `keys-${javaScript ? "" : "plain-"}${name}`;
    await signInAsAdmin(admin, server, `it@${tenant}.example.org`, tenant);
    const keys = () => server.command("sp-key", "list", "--tenant", tenant).split("\n").map((line) => line.split("\t"));
    const certificates = async () => {
      const xml = await (await fetch(`${server.url}/v1/sso/metadata?org_id=${tenant}`)).text();
      return new Set([...xml.matchAll(/X509Certificate>([^<]+)</g)].map((found) => found[1].replace(/\s/g, ""))).size;
    };

    await admin.step("the product on the other side is chosen", async () => {
      await admin.open(`/admin/tenants/${tenant}/sso/sso`);
      await admin.choose("Identity provider", "Microsoft Entra ID");
      await admin.press("Save");
    });
    await admin.step("the page is found from single sign-on, and says where the certificate is at the provider", async () => {
      await admin.open(`/admin/tenants/${tenant}/sso`);
      await admin.go("Our keys");
      await admin.sees("in use", "A new key", "Microsoft Entra ID", "Verification certificates", "Token encryption");
      await admin.look(picture("one"));
    });
    await admin.step("a switch in the past is refused at its field", async () => {
      await admin.fill("Signing switches to it on (UTC)", "2020-01-01T08:00");
      await admin.press("Make a new key", { status: 422 });
      await admin.sees("There is a problem", "This time has passed");
      await admin.look(picture("past"));
      equal(keys().length, 1, "keys");
    });
    await admin.step("a new key is made, with the days of the product before it signs", async () => {
      await admin.open(`/admin/tenants/${tenant}/sso-keys`);
      const proposed = await admin.value("Signing switches to it on (UTC)");
      const days = (Date.parse(`${proposed}Z`) - Date.now()) / 86_400_000;
      ok(days > 13 && days <= 14, `proposed ${proposed}`);
      await admin.press("Make a new key");
      await admin.sees("The new key was made", "Download the new certificate", "next in our metadata");
      await admin.look(picture("staged"));
      equal(await certificates(), 2, "certificates in our metadata");
    });
    await admin.step("its certificate can be downloaded, and nothing else", async () => {
      const link = await admin.page.getByRole("link", { name: "Download the new certificate" }).getAttribute("href");
      const answer = await admin.context.request.get(link);
      equal(answer.status(), 200, "status");
      const pem = await answer.text();
      ok(pem.startsWith("-----BEGIN CERTIFICATE-----") && !pem.includes("PRIVATE"), pem);
    });
    await admin.step("the switch is moved, and the overview tells of it", async () => {
      const soon = new Date(Date.now() + 3 * 86_400_000).toISOString().slice(0, 16);
      await admin.fill("Signing switches on (UTC)", soon);
      await admin.press("Set this time");
      await admin.sees("Signing switches on");
      await admin.open(`/admin/tenants/${tenant}`);
      await admin.sees("Our new key signs from", "Your provider must have its certificate by then");
      await admin.look(picture("reminder"));
    });
    await admin.step("a switch now: the new key signs, both are published", async () => {
      await admin.go("Our new key");
      await admin.press("Switch now");
      await admin.sees("The new key signs", "old in our metadata");
      await admin.look(picture("switched"));
      equal(await certificates(), 2, "certificates in our metadata");
    });
    await admin.step("the old key leaves the metadata", async () => {
      await admin.press("Take the old key out of our metadata");
      await admin.sees("The old key left our metadata", "retired only decrypts");
      await admin.look(picture("retired"));
      equal(await certificates(), 1, "certificates in our metadata");
    });
    await admin.step("and is deleted", async () => {
      const old = keys().find((key) => key[1] === "retired");
      await admin.press(`Delete the key ${await shown(admin, "retired")}`);
      await admin.sees("The retired key was deleted");
      ok(!keys().some((key) => key[0] === old[0]), "it is gone");
      equal(keys().length, 1, "keys");
      await admin.look(picture("deleted"));
    });
    await admin.step("the audit trail has each step", async () => {
      await admin.open(`/admin/tenants/${tenant}/audit`);
      await admin.sees("Sp key staged", "Sp key scheduled", "Sp key retired", "Sp key removed");
      await admin.look(picture("audit"));
    });
    await admin.leave();
  }
}

/** The fingerprint in the row of a state, as the page shows it. */
async function shown(visitor, state) {
  const row = visitor.page.locator("#keys tbody tr", { hasText: state });
  return (await row.locator("code").innerText()).replace("…", "");
}
