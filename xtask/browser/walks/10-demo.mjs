// The demo as a newcomer clicks through it.

import { equal, ok } from "../lib/visitor.mjs";

export async function walk({ server, arrive }) {
  for (const javaScript of [true, false]) {
    const name = javaScript ? "demo" : "demo without scripts";
    const visitor = await arrive(name, { javaScript });
    await visitor.step("the start page says where to begin", async () => {
      await visitor.open("/");
      await visitor.sees("You are not signed in", "/scim/v2");
      await visitor.look(`${javaScript ? "" : "no-script-"}start`);
    });
    await visitor.step("the identity provider asks who it is", async () => {
      await visitor.follow("/v1/sso/login?org_id=acme&relay_state=/");
      await visitor.sees("Test identity provider");
      await visitor.look(`${javaScript ? "" : "no-script-"}identity-provider`);
    });
    await visitor.step("Alice is signed in", async () => {
      await visitor.press("Sign in as Alice");
      // Without scripts the form of the binding shows its button.
      if (!javaScript) {
        await visitor.press("Continue");
      }
      await visitor.page.waitForURL(`${server.url}/`);
      await visitor.sees("You are signed in as");
      await visitor.look(`${javaScript ? "" : "no-script-"}signed-in`);
    });
    await visitor.step("the people of all tenants are shown", async () => {
      await visitor.go("See the people");
      await visitor.sees("alice@example.com");
      await visitor.look(`${javaScript ? "" : "no-script-"}people`);
    });
    await visitor.step("signing out ends the session", async () => {
      await visitor.open("/");
      await visitor.go("Sign out");
      await visitor.open("/");
      await visitor.sees("You are not signed in");
    });
    await visitor.step("what is not there is said with a code", async () => {
      await visitor.open("/nowhere", 404);
      await visitor.sees("request.path");
      await visitor.look(`${javaScript ? "" : "no-script-"}not-found`);
    });
    const cookies = await visitor.context.cookies();
    ok(cookies.every((cookie) => cookie.httpOnly), "a cookie is within reach of scripts");
    equal(new URL(visitor.page.url()).origin, server.url, "origin");
    await visitor.leave();
  }
}
