// Our service provider as a child process, and what every identity provider of others is tried with.

import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';

const here = new URL('../../', import.meta.url);
const read = (path) => readFileSync(new URL(path, here), 'utf8');

/** Test keys that everybody has. */
export const keys = {
  foreign: { key: read('crates/saml-sp/src/testing/keys/foreign.key'), certificate: read('crates/saml-sp/src/testing/keys/foreign.crt') },
  idp: { key: read('crates/saml-sp/src/testing/keys/idp.key'), certificate: read('crates/saml-sp/src/testing/keys/idp.crt') },
  sp: { key: read('testdata/saml/captures/keys/sp.key'), certificate: read('testdata/saml/captures/keys/sp.crt') },
};
export const IDP = 'https://idp.example.com';
export const SP = 'https://sp.example.com';
export const ACS = `${SP}/acs`;
export const PERSON = {
  nameId: 'alice@example.com',
  attributes: { firstName: ['Alice'], lastName: ['Exämple & <Co>'], groups: ['admins', 'engineering'] },
};
export const EMAIL_FORMAT = 'urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress';

const { values: settings } = parseArgs({ options: { peer: { type: 'string' }, modules: { type: 'string' } } });

/** Loads a package from where it was installed. */
export const load = createRequire(resolve(settings.modules, 'package.json'));

export function expect(what, condition, detail = '') {
  console.log(`   ${condition ? 'ok' : 'FAILED'}: ${what}`);
  if (!condition) {
    console.log(typeof detail === 'string' ? detail : JSON.stringify(detail, null, 2));
    process.exit(1);
  }
}

/** Expects that something is refused, whatever its way of saying so. */
export async function expectRefusal(what, attempt) {
  const refusal = await attempt().then(() => null, (error) => error ?? 'refused');
  expect(what, refusal !== null, 'it was accepted');
}

/** Our service provider: one order, one answer. */
export class ServiceProvider {
  static #configuration(changes) {
    return {
      entity_id: `${SP}/metadata`,
      assertion_consumer_services: [{ binding: 'http-post', index: 0, location: ACS }],
      single_logout_services: ['http-redirect', 'http-post'].map((binding) => ({ binding, location: `${SP}/slo` })),
      name_id_formats: [EMAIL_FORMAT],
      keys: { current: { private_key: keys.sp.key, certificate: keys.sp.certificate } },
      authn_requests_signed: true,
      ...changes,
    };
  }

  constructor() {
    this.process = spawn(settings.peer, [], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.lines = createInterface({ input: this.process.stdout })[Symbol.asyncIterator]();
  }

  async order(order) {
    this.process.stdin.write(`${JSON.stringify(order)}\n`);
    const { value, done } = await this.lines.next();
    if (done) throw new Error('our side has ended');
    const answer = JSON.parse(value);
    if (answer.error) throw new Error(`${order.do}: ${answer.error}`);
    return answer;
  }

  async start(identityProvider, changes = {}, policy = {}) {
    const service_provider = ServiceProvider.#configuration(changes);
    return this.order({ do: 'start', identity_provider: identityProvider, service_provider, policy });
  }

  async metadata() {
    return (await this.order({ do: 'metadata' })).metadata;
  }

  /** Posts a response and expects that all engines take it for the same person, but for one that lacks the algorithm. */
  async expectLogin(what, response, lacking) {
    const { verdicts } = await this.order({ do: 'accept_response', body: form({ SAMLResponse: response }) });
    for (const { engine, ...verdict } of verdicts) {
      const refusal = { verdict, response: plain(response) };
      if (engine === lacking) {
        expect(`${what}: ${engine} alone says that it lacks the algorithm`, verdict.refused === 'SIG-18', refusal);
        continue;
      }
      const good = verdict.name_id === PERSON.nameId && same(verdict.attributes, PERSON.attributes);
      expect(`${what}: accepted by ${engine}, word for word`, good, refusal);
    }
  }

  /** Posts a response and expects that all engines refuse it by the same rule. */
  async expectRefused(what, response, rules) {
    const { verdicts } = await this.order({ do: 'accept_response', body: form({ SAMLResponse: response }) });
    const refused = verdicts.every(({ refused }) => refused && (!rules || rules.includes(refused)));
    const engines = verdicts.map(({ engine, refused }) => `${engine}: ${refused}`).join(', ');
    expect(`${what}: refused (${engines})`, refused, { verdicts, response: plain(response) });
  }

  end() {
    this.process.stdin.end();
  }
}

/** Everything that may be done to a good response, each of which must be refused. */
export async function expectTamperingRefused(sp, what, response) {
  const xml = plain(response);
  for (const [how, change] of Object.entries(TAMPERING)) {
    const changed = change(xml);
    if (changed === null) continue;
    expect(`${what}, ${how}: something was changed`, changed !== xml, xml);
    await sp.expectRefused(`${what}, ${how}`, Buffer.from(changed).toString('base64'));
  }
}

const isEncrypted = (xml) => /EncryptedAssertion/.test(xml);
const SIGNATURE = /<(\w+:)?Signature[ >][^]*?<\/(\w+:)?Signature>/g;
const TAMPERING = {
  'another name': (xml) => (isEncrypted(xml) ? null : xml.replace('alice@example.com', 'mallory@example.com')),
  'a comment in the name': (xml) =>
    isEncrypted(xml) ? null : xml.replace('alice@example.com', 'alice@example.com<!-- -->.evil.example'),
  'another group': (xml) => (isEncrypted(xml) ? null : xml.replace('engineering', 'superusers')),
  // What is encrypted may be signed inside, which is enough.
  'no signature': (xml) => (isEncrypted(xml) ? null : xml.replace(SIGNATURE, '')),
  'a bit of the signature': (xml) => flip(xml, /SignatureValue>\s*/g),
  'a bit of the digest': (xml) => flip(xml, /DigestValue>\s*/g),
  'a bit of what is encrypted': (xml) => (isEncrypted(xml) ? flip(xml, /CipherValue>\s*/g, 2) : null),
  'a bit of the key': (xml) => (isEncrypted(xml) ? flip(xml, /CipherValue>\s*/g, 0) : null),
  'a forged assertion before the good one': (xml) => wrapped(xml, 'before'),
  'a forged assertion behind the good one': (xml) => wrapped(xml, 'behind'),
  'the signature kept, the assertion forged': (xml) => wrapped(xml, 'instead'),
};

/** Changes the first base64 letter behind the place that matches for the given time. */
function flip(xml, place, time = 0) {
  const at = [...xml.matchAll(place)][time];
  if (!at) return null;
  const index = at.index + at[0].length + 8;
  return xml.slice(0, index) + (xml[index] === 'A' ? 'B' : 'A') + xml.slice(index + 1);
}

/** Puts an assertion about somebody else beside the signed one, or in its place with the signed one inside. */
function wrapped(xml, where) {
  const found = /<(\w+:)?Assertion[ >][^]*<\/(\w+:)?Assertion>/.exec(xml);
  if (!found) return null;
  const good = found[0];
  const forged = good
    .replace(SIGNATURE, '')
    .replace(/ ID="[^"]*"/, ' ID="_forged"')
    .replace('alice@example.com', 'mallory@example.com');
  const inside = forged.replace(/(<\/(\w+:)?Assertion>)$/, `<Advice xmlns="urn:oasis:names:tc:SAML:2.0:assertion">${good}</Advice>$1`);
  const both = { before: forged + good, behind: good + forged, instead: inside }[where];
  return xml.replace(good, () => both);
}

/** The raw query of an address, and the parts of it that a redirect's signature covers. */
export function redirected(url) {
  const raw = url.slice(url.indexOf('?') + 1);
  const query = Object.fromEntries(new URLSearchParams(raw));
  const octetString = raw.split('&').filter((pair) => !pair.startsWith('Signature=')).join('&');
  return { raw, query, octetString };
}

/** The same query with something else in one parameter. */
export function altered(raw, name, change) {
  return raw.split('&').map((pair) => (pair.startsWith(`${name}=`) ? `${name}=${change(pair.slice(name.length + 1))}` : pair)).join('&');
}

export const form = (fields) => new URLSearchParams(fields).toString();
export const plain = (encoded) => Buffer.from(encoded, 'base64').toString('utf8');
export const same = (left, right) => JSON.stringify(sorted(left)) === JSON.stringify(sorted(right));
const sorted = (fields) => Object.entries(fields ?? {}).sort(([left], [right]) => (left < right ? -1 : 1));
