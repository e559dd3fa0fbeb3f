// The work of our benches done by libraries of npm; see `cargo xtask bench peers`.
import { readFileSync } from "node:fs";
import filters from "scim2-parse-filter";
import patches from "scim-patch";
import SCIMMY from "scimmy";

const inputs = JSON.parse(readFileSync(process.argv[2], "utf8"));

/// The quickest of several rounds, in microseconds.
function measure(name, work) {
  for (let i = 0; i < 20; i++) work();
  let best = Infinity;
  for (let round = 0; round < 30; round++) {
    const start = process.hrtime.bigint();
    work();
    best = Math.min(best, Number(process.hrtime.bigint() - start) / 1000);
  }
  console.log(`${name}: ${best.toFixed(1)} us`);
}

/// What of the work a library can do at all.
function able(name, all, work) {
  const can = all.filter((one) => {
    try {
      work(one);
      return true;
    } catch {
      return false;
    }
  });
  console.log(`${name} does ${can.length} of ${all.length}`);
  return can;
}

const parsers = {
  "scim2-parse-filter": (text) => filters.parse(text),
  scimmy: (text) => new SCIMMY.Types.Filter(text),
};
for (const [name, parse] of Object.entries(parsers)) {
  measure(`${name}, parse a simple filter`, () => parse(inputs.simple));
  const can = able(`${name}, filters:`, inputs.mixed, parse);
  measure(`${name}, parse ${can.length} filters`, () => can.forEach((text) => parse(text)));
}

const match = filters.filter(filters.parse(inputs.simple));
measure("scim2-parse-filter, userName eq over 10,000 users", () => inputs.users.filter((user) => match(user)).length);

const apply = (operations) => patches.scimPatch(structuredClone(inputs.user), structuredClone(operations));
const can = able("scim-patch, requests:", inputs.patches, apply);
measure(`scim-patch, ${can.length} PATCH requests, copies included`, () => can.forEach((one) => apply(one)));
measure(`structuredClone alone, ${can.length} times`, () => can.forEach((one) => [structuredClone(inputs.user), structuredClone(one)]));
measure("JSON.stringify of 1,000 users", () => JSON.stringify(inputs.list));
