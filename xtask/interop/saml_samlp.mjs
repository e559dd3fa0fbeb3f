// samlp, which speaks for Auth0's tenants, as the identity provider.

import {
  ACS, EMAIL_FORMAT, IDP, PERSON, SP, ServiceProvider, altered, expect, expectRefusal, expectTamperingRefused, form, keys, load,
  redirected,
} from './saml_peer.mjs';
import { createPublicKey } from 'node:crypto';
import { promisify } from 'node:util';

const samlp = load('samlp');
// It calls what Node deprecates, which is no news about us.
process.removeAllListeners('warning');

const SESSION = '_session-1';
const answerTo = promisify(samlp.getSamlResponse);
const parse = promisify(samlp.parseRequest);

/** Its metadata: what its own page for it writes. */
function metadata() {
  let written;
  const page = samlp.metadata({
    issuer: `${IDP}/metadata`,
    cert: keys.idp.certificate,
    redirectEndpointPath: '/sso',
    postEndpointPath: '/sso',
    logoutEndpointPaths: { redirect: '/slo' },
  });
  const request = { headers: { host: 'idp.example.com' }, protocol: 'https', originalUrl: '/metadata' };
  page(request, { set() {}, send: (xml) => (written = xml) });
  return written;
}

function respond(request, changes = {}, pair = keys.idp) {
  return answerTo(
    {
      issuer: `${IDP}/metadata`,
      audience: `${SP}/metadata`,
      recipient: ACS,
      destination: ACS,
      inResponseTo: request,
      sessionIndex: SESSION,
      lifetimeInSeconds: 300,
      signatureAlgorithm: 'rsa-sha256',
      digestAlgorithm: 'sha256',
      key: pair.key,
      cert: pair.certificate,
      authnContextClassRef: 'urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport',
      profileMapper: () => ({
        getClaims: () => PERSON.attributes,
        getNameIdentifier: () => ({ nameIdentifier: PERSON.nameId, nameIdentifierFormat: EMAIL_FORMAT }),
      }),
      ...changes,
    },
    {},
  ).then((xml) => Buffer.from(xml).toString('base64'));
}

/** What our redirect brings to its handlers. */
const arrived = (raw) => ({ method: 'GET', query: redirected(`?${raw}`).query, body: {}, session: {} });

async function requests(ours) {
  await ours.start(metadata());
  const options = { signingCert: keys.sp.certificate, deflate: true };
  for (const relay_state of [undefined, 'a b&c=d']) {
    const sent = await ours.order({ do: 'begin_login', binding: 'http-redirect', relay_state });
    const { raw } = redirected(sent.url);
    const read = await parse(arrived(raw), options);
    const right = read.id === sent.id && read.issuer === `${SP}/metadata` && read.assertionConsumerServiceURL === ACS;
    expect(`samlp verifies our redirected AuthnRequest, RelayState ${relay_state}`, right, read);
    const other = altered(raw, 'Signature', (value) => (value[9] === 'A' ? 'B' : 'A') + value.slice(1));
    await expectRefusal('and refuses it with another signature', () => parse(arrived(other), options));
  }
}

async function responses(ours) {
  const encrypted = {
    encryptionCert: keys.sp.certificate,
    encryptionPublicKey: createPublicKey(keys.sp.certificate).export({ type: 'spki', format: 'pem' }),
  };
  const cbc = { encryptionAlgorithm: 'http://www.w3.org/2001/04/xmlenc#aes256-cbc', disallowEncryptionWithInsecureAlgorithm: false, warnOnInsecureEncryptionAlgorithm: false };
  const begin = async () => (await ours.order({ do: 'begin_login', binding: 'http-redirect' })).id;
  const shapes = {
    'assertion signed': {},
    'both signed': { signResponse: true },
    'response signed': { signResponse: true, signAssertion: false },
    'assertion signed with a prefix': { signatureNamespacePrefix: 'ds' },
    'signed and encrypted': encrypted,
    'signed, encrypted, and the response signed': { ...encrypted, signResponse: true },
    'in CBC mode under the response\'s signature': { ...encrypted, ...cbc, signResponse: true },
  };
  for (const [what, changes] of Object.entries(shapes)) {
    await ours.start(metadata());
    const response = await respond(await begin(), changes);
    await expectTamperingRefused(ours, what, response);
    await ours.expectLogin(what, response);
    const request = await begin();
    await ours.expectRefused(`${what}, the answer to another request`, response, ['RSP-06']);
    await ours.expectRefused(`${what}, by another key`, await respond(request, changes, keys.foreign), ['SIG-07']);
  }
  const request = await begin();
  const unsigned = await respond(request, { signAssertion: false });
  await ours.expectRefused('signed by nobody', unsigned, ['SIG-12']);
  await ours.expectRefused('encrypted and signed by nobody', await respond(request, { ...encrypted, signAssertion: false }), ['SIG-12']);
  await ours.expectRefused('in CBC mode without a signature around it', await respond(request, { ...encrypted, ...cbc }), ['ENC-02']);
  const weak = await respond(request, { signatureAlgorithm: 'rsa-sha1', digestAlgorithm: 'sha1' });
  await ours.expectRefused('signed with SHA-1', weak, ['SIG-06']);
  await ours.expectRefused('for another audience', await respond(request, { audience: 'https://other.example.com' }), ['ASN-05']);
  await ours.expectRefused('for another address', await respond(request, { recipient: 'https://other.example.com/acs' }), ['ASN-04']);
}

async function logout(ours) {
  await ours.start(metadata());
  const { id } = await ours.order({ do: 'begin_login', binding: 'http-redirect' });
  await ours.expectLogin('a login to end', await respond(id));

  const participant = {
    serviceProviderId: `${SP}/metadata`, sessionIndex: SESSION, nameId: PERSON.nameId, nameIdFormat: EMAIL_FORMAT,
    serviceProviderLogoutURL: `${SP}/slo`, cert: keys.sp.certificate,
  };
  const handle = (binding, request, pair = keys.idp) =>
    new Promise((resolve, reject) => {
      const participants = samlpParticipants([{ ...participant }]);
      const handler = samlp.logout({
        issuer: `${IDP}/metadata`, deflate: true, protocolBinding: `urn:oasis:names:tc:SAML:2.0:bindings:HTTP-${binding}`,
        key: pair.key, cert: pair.certificate, sessionParticipants: participants,
        signatureAlgorithm: 'rsa-sha256', digestAlgorithm: 'sha256',
      });
      handler(request, { redirect: resolve, send: resolve, set() {} }, reject);
    });
  const order = (message) =>
    message.startsWith('https://')
      ? { do: 'accept_logout', query: redirected(message).raw }
      : { do: 'accept_logout', body: form(fieldsOf(message)) };

  for (const binding of ['Redirect', 'POST']) {
    const sent = await ours.order({ do: 'begin_logout', binding: 'http-redirect', relay_state: 'bye' });
    const { raw } = redirected(sent.url);
    const other = altered(raw, 'RelayState', () => 'other');
    await expectRefusal('samlp refuses our LogoutRequest with another RelayState', () => handle(binding, arrived(other)));
    const { verdicts } = await ours.order(order(await handle(binding, arrived(raw))));
    expect(`samlp verifies our LogoutRequest, and we its answer by ${binding}`, verdicts.every(({ outcome }) => outcome === 'success'), verdicts);
    const forged = await ours.order(order(await handle(binding, arrived(raw), keys.foreign)));
    expect('but not by another key', forged.verdicts.every(({ refused }) => refused), forged);
  }
  for (const binding of ['Redirect', 'POST']) {
    const wish = await handle(binding, { method: 'GET', query: {}, body: {}, session: {} });
    const { verdicts, answer } = await ours.order(order(wish));
    expect(`we verify samlp's LogoutRequest by ${binding}`, verdicts.every(({ ends_session }) => ends_session), verdicts);
    expect('and answer it', answer.url?.startsWith(`${IDP}/slo?`), answer);
    const forged = await ours.order(order(await handle(binding, { method: 'GET', query: {}, body: {}, session: {} }, keys.foreign)));
    expect('but not by another key', forged.verdicts.every(({ refused }) => refused), forged);
  }
}

/** The hidden fields of a page that samlp wrote. */
function fieldsOf(page) {
  const unescape = (text) =>
    text.replaceAll(/&(?:#x([0-9a-f]+)|#(\d+)|quot|amp|lt|gt);/gi, (found, hex, decimal) =>
      hex || decimal ? String.fromCodePoint(parseInt(hex ?? decimal, hex ? 16 : 10)) : { '&quot;': '"', '&amp;': '&', '&lt;': '<', '&gt;': '>' }[found]);
  const fields = [...page.matchAll(/name="(\w+)"\s+value="([^"]*)"/g)].map(([, name, value]) => [name, unescape(value)]);
  return Object.fromEntries(fields.filter(([, value]) => value !== ''));
}

function samlpParticipants(sessions) {
  const Participants = load('samlp/lib/sessionParticipants');
  return new Participants(sessions);
}

const ours = new ServiceProvider();
await requests(ours);
await responses(ours);
await logout(ours);
ours.end();
