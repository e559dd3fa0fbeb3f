// Administrators: invited on the command line, signed in with a one-time code and a password of their own.

import { ok } from "./visitor.mjs";

const PASSWORD = "correct horse battery staple";

/** Invites someone, chooses a password as they do, and signs in. An empty tenant is the operator's. */
export async function signInAsAdmin(visitor, server, email, tenant = "", look = false) {
  const scope = tenant ? ["--tenant", tenant] : [];
  const code = await visitor.step(`the command line invites ${email}`, async () => {
    const printed = server.command("admin", "invite", "--email", email, ...scope);
    ok(/^[A-Za-z0-9-]{16,}$/.test(printed), "nothing but the code is printed");
    return printed;
  });
  await visitor.step("a wrong code is refused at its field", async () => {
    await visitor.open(`/admin/start?org=${tenant}`);
    await fillIn(visitor, email, "AAAA-BBBB-CCCC-DDDD-EEEE");
    await visitor.press("Set the password", { status: 422 });
    await visitor.sees("There is a problem");
    if (look) {
      await visitor.look("admin-wrong-code");
    }
  });
  await visitor.step("the right code sets the password", async () => {
    await fillIn(visitor, email, code);
    await visitor.press("Set the password");
    await visitor.sees("Your password is set");
  });
  await visitor.step("and signs in", async () => {
    await visitor.go("Sign in");
    if (look) {
      await visitor.look("admin-sign-in");
    }
    await signIn(visitor, email);
    await visitor.sees(email);
  });
}

/** All walks come from one address, which may try only so often: then one waits as the page says. */
async function signIn(visitor, email) {
  for (let tries = 0; tries < MOST_TRIES; tries += 1) {
    await visitor.fill("E-mail address", email);
    await visitor.fill("Password", PASSWORD);
    await visitor.press("Sign in", { status: 429 });
    const wait = /Too many requests; try again in (\d+) second/.exec(await visitor.text());
    if (!wait) {
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, (Number(wait[1]) + 1) * 1000));
    await visitor.open("/admin/sign-in");
  }
}

const MOST_TRIES = 5;

async function fillIn(visitor, email, code) {
  await visitor.fill("E-mail address", email);
  await visitor.fill("One-time code", code);
  await visitor.fill("New password", PASSWORD);
  await visitor.fill("New password, again", PASSWORD);
}
