// A connection that is set up wrongly and mended; the mapping tried on a login and on a response that is pasted; role
// rules; deviations that a directory really shows; an administrator's own account.

import { signInAsAdmin } from "../lib/admin.mjs";
import { equal, ok } from "../lib/visitor.mjs";

const TENANT = "toktra-co";
const THERE = `/admin/tenants/${TENANT}`;

export async function walk({ server, arrive }) {
  for (const javaScript of [true, false]) {
    const admin = await arrive(`mapping${javaScript ? "" : " without scripts"}`, { javaScript });
    const look = (name) => (javaScript ? admin.look(name) : undefined);
    const email = `map${javaScript ? 1 : 2}@toktra.example.org`;
    await signInAsAdmin(admin, server, email, TENANT);

    const test = async (mistake) => {
      await admin.open(`${THERE}/sso/sso`);
      await admin.go("Begin a test login");
      if (mistake) {
        await admin.choose("A setting of this provider that is wrong", mistake);
      }
      await admin.press("Sign in as Alice");
      if (!javaScript) {
        await admin.press("Continue");
      }
      await admin.page.waitForURL(/\/tests\//);
    };
    await admin.step("a wrong audience is told by the name of the setting in Okta", async () => {
      await test("The audience: another entity id");
      await admin.sees("It was refused", "ASN-05", "Audience URI (SP Entity ID)", "https://wrong.example.com/saml");
      await look("test-wrong-audience");
    });
    await admin.step("a certificate that was exchanged is told, and how to mend it", async () => {
      await test("The certificate: it was exchanged");
      await admin.sees("It was refused", "SIG-");
      await admin.seesNot("alice@");
      await look("test-certificate-exchanged");
    });
    await admin.step("once it is mended the test works", async () => {
      await test();
      await admin.sees("What it makes of a person", "alice@");
      await look("test-mended");
    });

    await admin.step("the mapping is tried on that login", async () => {
      await admin.open(`${THERE}/sso/sso/mapping`);
      await admin.sees("What it makes of the last test login", "alice@");
      await look("mapping-last-login");
      await admin.press("Try it");
      await admin.sees("Tried, not saved");
    });
    await admin.step("and on a response that is pasted, which signs nobody in", async () => {
      const pasted = await caught(admin);
      await admin.open(`${THERE}/sso/sso/mapping`);
      await admin.go("Try it on a response that you paste");
      await look("paste-empty");
      await admin.fill("SAMLResponse", pasted);
      await admin.press("Look at it");
      await admin.sees("Only looked at.", "Nobody was signed in", "alice@", "What the mapping makes of it");
      await look("paste-verified");
      // One letter of the signed part is another one.
      const xml = Buffer.from(pasted, "base64").toString().replace("alice@", "malice@");
      await admin.fill("SAMLResponse", xml);
      await admin.press("Look at it");
      await admin.sees("Not verified", "Anybody may have written it");
      await admin.seesNot("malice@");
      await look("paste-forged");
      await admin.open("/v1/session", 401);
    });
    await admin.leave();
  }
  await rules({ server, arrive });
  await quirks({ server, arrive });
  await account({ server, arrive });
}

/** What the browser's tools would let people copy: the form field on its way back from the identity provider. */
async function caught(admin) {
  let found = "";
  await admin.page.route(/\/v1\/sso\/acs/, async (route) => {
    found = new URLSearchParams(route.request().postData() ?? "").get("SAMLResponse") ?? "";
    await route.fulfill({ status: 200, contentType: "text/html", body: "<!doctype html><title>Caught</title><p>Caught" });
  });
  await admin.open(`${THERE}/sso/sso`);
  await admin.go("Begin a test login");
  await admin.press("Sign in as Alice");
  if (admin.at.javaScript === false) {
    await admin.press("Continue");
  }
  await admin.page.getByText("Caught").waitFor();
  await admin.page.unroute(/\/v1\/sso\/acs/);
  ok(found.length > 100, "no response was caught");
  return found;
}

async function rules({ server, arrive }) {
  const tenant = "torii-co";
  const there = `/admin/tenants/${tenant}`;
  const admin = await arrive("role rules");
  await signInAsAdmin(admin, server, "roles@torii.example.org", tenant);
  await admin.step("a rule is added where the directory's settings are", async () => {
    await admin.open(`${there}/scim/scim`);
    await admin.go("Roles and departments");
    await admin.look("roles-first");
    const page = admin.page;
    await page.locator("#new-kind").selectOption("equals");
    await page.locator("#new-from").fill("title");
    await page.locator("#new-value").fill("Head of IT");
    await admin.press("Add the rule", { status: 422 });
    await admin.sees("There is a problem", "Choose one of the product's roles");
    await admin.look("roles-mistake");
    await page.locator("#new-grant").selectOption("Admin");
    await admin.press("Add the rule");
    await admin.sees("If title is Head of IT: Admin");
  });
  await admin.step("it is moved, changed and taken away", async () => {
    await admin.press("Move rule 2 up");
    await admin.page.locator("#rule-0 summary").click();
    await admin.page.locator("#r0-value").fill("Head of everything");
    await admin.look("roles-edit");
    await admin.press("Save rule 1");
    await admin.sees("If title is Head of everything: Admin");
    await admin.press("Delete rule 1");
    await admin.seesNot("Head of everything");
  });
  await admin.leave();
}

async function quirks({ server, arrive }) {
  const tenant = "toktra-co";
  const there = `/admin/tenants/${tenant}`;
  const admin = await arrive("deviations");
  await signInAsAdmin(admin, server, "quirks@toktra.example.org", tenant);
  await admin.step("what a directory did beyond the standard is listed", async () => {
    const token = server.command("token", "issue", "--tenant", tenant);
    const send = (method, path, body) => fetch(`${server.url}/scim/v2${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, "content-type": "application/scim+json" },
      body: JSON.stringify(body),
    });
    const schemas = ["urn:ietf:params:scim:schemas:core:2.0:User"];
    const made = await send("POST", "/Users", { schemas, userName: "quirk@toktra-co.example", active: "True" });
    const { id } = await made.json();
    // As Entra ID writes it.
    await send("PATCH", `/Users/${id}`, {
      schemas: ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
      Operations: [{ op: "Replace", path: "active", value: "False" }],
    });
    await admin.open(`${there}/scim/scim`);
    await admin.go("Deviations");
    const rows = await admin.page.locator("tbody tr").count();
    ok(rows > 0, `no deviation is listed:\n${await admin.text()}`);
    await admin.look("deviations");
  });
  await admin.leave();
}

async function account({ server, arrive }) {
  const admin = await arrive("own account");
  await signInAsAdmin(admin, server, "own@toktra.example.org", TENANT);
  await admin.step("a password is changed by whoever knows the old one", async () => {
    await admin.open("/admin/account");
    await admin.look("account");
    await admin.fill("Your password now", "something else entirely");
    await admin.fill("New password", "a quite different one");
    await admin.fill("New password, again", "a quite different one");
    await admin.press("Change the password", { status: 422 });
    await admin.sees("This is not your password");
    await admin.look("account-wrong");
    await admin.fill("Your password now", "correct horse battery staple");
    await admin.fill("New password", "a quite different one");
    await admin.fill("New password, again", "a quite different one");
    await admin.press("Change the password");
    await admin.sees("Your password was changed");
  });
  await admin.step("tokens for single sign-on are made and shown once", async () => {
    await admin.open(`${THERE}/sso`);
    await admin.go("Tokens for single sign-on");
    await admin.look("sso-tokens");
    await admin.press("Make a token");
    await admin.sees("Copy it now.");
    await admin.look("sso-token-shown");
    await admin.go("I have copied it");
    await admin.sees("works");
  });
  await admin.step("and every browser is signed out", async () => {
    await admin.open("/admin/account");
    await admin.press("Sign out everywhere");
    equal(new URL(admin.page.url()).pathname, "/admin/sign-in", "where it leads");
  });
  await admin.leave();
}
