// The operator: the first sign-in, and a tenant of each product.

import { signInAsAdmin } from "../lib/admin.mjs";

export const PRODUCTS = [
  ["standard", "Standard"],
  ["toktra", "Toktra"],
  ["toplyne", "Toplyne"],
  ["tonkean", "Tonkean"],
  ["torii", "Torii"],
];

export async function walk({ server, arrive }) {
  const visitor = await arrive("operator");
  await visitor.step("the pages are closed to strangers", async () => {
    await visitor.open("/admin/tenants");
    await visitor.sees("Sign in");
  });
  await signInAsAdmin(visitor, server, "operator@example.org", "", true);
  await visitor.step("the tenants are shown", async () => {
    await visitor.open("/admin/tenants");
    await visitor.look("admin-tenants");
  });
  for (const [product, name] of PRODUCTS) {
    await visitor.step(`a tenant of ${name} is made`, async () => {
      await visitor.open("/admin/tenants");
      await visitor.fill("Id", `${product}-co`);
      await visitor.fill("Name", `${name} customer`);
      await visitor.choose("Product", name);
      await visitor.press("Make the tenant");
      await visitor.sees("The tenant was made.", `${name} customer`);
      await visitor.look(`admin-tenant-${product}`);
    });
  }
  await visitor.step("a second tenant of the same id is refused at its field", async () => {
    await visitor.open("/admin/tenants");
    await visitor.fill("Id", "torii-co");
    await visitor.press("Make the tenant", { status: 422 });
    await visitor.sees("There is a problem");
    await visitor.look("admin-tenant-taken");
  });
  await visitor.step("a tenant is suspended knowingly, and served again", async () => {
    await visitor.open("/admin/tenants/standard-co");
    await visitor.go("suspend it");
    await visitor.look("admin-tenant-suspend");
    await visitor.fill("Id of the tenant", "something else");
    await visitor.press("Suspend the tenant", { status: 422 });
    await visitor.sees("Type the id of the tenant to confirm");
    await visitor.fill("Id of the tenant", "standard-co");
    await visitor.press("Suspend the tenant");
    await visitor.sees("The tenant is suspended");
    await visitor.look("admin-tenant-suspended");
    await visitor.go("serve it again");
    await visitor.press("Serve the tenant again");
    await visitor.sees("The tenant is served again.");
  });
  await visitor.step("signing out ends the session", async () => {
    await visitor.press("Sign out");
    await visitor.open("/admin/tenants");
    await visitor.sees("Sign in");
  });
  await visitor.leave();
}
