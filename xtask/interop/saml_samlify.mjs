// samlify as the identity provider: it reads our metadata and requests, answers them, and ends sessions.

import {
  EMAIL_FORMAT, IDP, PERSON, ServiceProvider, altered, expect, expectRefusal, expectTamperingRefused, form, keys, load, redirected,
} from './saml_peer.mjs';

const samlify = load('samlify');
// Whether our metadata and messages fit the schemas is python3-saml's to say.
samlify.setSchemaValidator({ validate: async () => 'not asked' });

const BINDING = 'urn:oasis:names:tc:SAML:2.0:bindings:HTTP-';
const AUTHN =
  '<saml:AuthnStatement AuthnInstant="{IssueInstant}" SessionIndex="{SessionIndex}"><saml:AuthnContext><saml:AuthnContextClassRef>' +
  'urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>';
const SESSION = '_session-1';

function provider(changes = {}, pair = keys.idp) {
  const endpoints = (path) =>
    ['Redirect', 'POST'].map((name) => ({ Binding: BINDING + name, Location: `${IDP}/${path}` }));
  const attribute = (name, valueTag) => ({
    name, valueTag, nameFormat: 'urn:oasis:names:tc:SAML:2.0:attrname-format:basic', valueXsiType: 'xs:string',
  });
  return samlify.IdentityProvider({
    entityID: `${IDP}/metadata`,
    privateKey: pair.key,
    signingCert: pair.certificate,
    wantAuthnRequestsSigned: true,
    wantLogoutRequestSigned: true,
    wantLogoutResponseSigned: true,
    nameIDFormat: [EMAIL_FORMAT],
    singleSignOnService: endpoints('sso'),
    singleLogoutService: endpoints('slo'),
    requestSignatureAlgorithm: 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256',
    loginResponseTemplate: {
      context: samlify.SamlLib.defaultLoginResponseTemplate.context.replace('{AuthnStatement}', AUTHN),
      // It knows no attribute of several values; two of one name are the same to a reader.
      attributes: [attribute('firstName', 'firstName'), attribute('lastName', 'lastName'), attribute('groups', 'admins'), attribute('groups', 'engineering')],
    },
    ...changes,
  });
}

/** Our side as samlify knows it: from our metadata. */
const consumer = (metadata, changes = {}) =>
  samlify.ServiceProvider({ metadata, wantLogoutRequestSigned: true, wantLogoutResponseSigned: true, ...changes });

async function respond(idp, sp, request, encryptThenSign) {
  const minutes = (count) => new Date(Date.now() + count * 60_000).toISOString();
  const fill = (template) => {
    const id = `_${crypto.randomUUID()}`;
    const acs = sp.entityMeta.getAssertionConsumerService('post');
    const tags = {
      ID: id, AssertionID: `_${crypto.randomUUID()}`, Destination: acs, SubjectRecipient: acs, AssertionConsumerServiceURL: acs,
      Audience: sp.entityMeta.getEntityID(), EntityID: sp.entityMeta.getEntityID(), Issuer: idp.entityMeta.getEntityID(),
      IssueInstant: minutes(0), ConditionsNotBefore: minutes(-1), ConditionsNotOnOrAfter: minutes(5),
      SubjectConfirmationDataNotOnOrAfter: minutes(5), StatusCode: 'urn:oasis:names:tc:SAML:2.0:status:Success',
      NameIDFormat: EMAIL_FORMAT, NameID: PERSON.nameId, InResponseTo: request.extract.request.id, SessionIndex: SESSION,
      attrFirstName: PERSON.attributes.firstName[0], attrLastName: PERSON.attributes.lastName[0],
      attrAdmins: 'admins', attrEngineering: 'engineering',
    };
    return { id, context: samlify.SamlLib.replaceTagsByValue(template, tags) };
  };
  const { context } = await idp.createLoginResponse(sp, request, 'post', {}, { customTagReplacement: fill, encryptThenSign });
  return context;
}

async function requests(ours) {
  const idp = provider();
  await ours.start(idp.getMetadata());
  const metadata = await ours.metadata();
  const sp = consumer(metadata);
  expect('samlify reads our metadata', sp.entityMeta.getEntityID() === 'https://sp.example.com/metadata');
  expect('with the address for responses', sp.entityMeta.getAssertionConsumerService('post') === 'https://sp.example.com/acs');
  expect('that requests are signed', sp.entityMeta.isAuthnRequestSigned() === true);
  expect('and both certificates', ['signing', 'encryption'].every((use) => sp.entityMeta.getX509Certificate(use)));

  for (const relay_state of [undefined, 'a b&c=d']) {
    const sent = await ours.order({ do: 'begin_login', binding: 'http-redirect', relay_state });
    const { raw, query, octetString } = redirected(sent.url);
    const read = await idp.parseLoginRequest(sp, 'redirect', { query, octetString });
    expect(`samlify verifies our redirected AuthnRequest, RelayState ${relay_state}`, read.extract.request.id === sent.id, read);
    const other = altered(raw, 'SAMLRequest', () => encodeURIComponent(redirectedAgain(query.SAMLRequest)));
    const bad = redirected(`?${other}`);
    await expectRefusal('and refuses it with another message', () => idp.parseLoginRequest(sp, 'redirect', bad));
  }
  const posted = await ours.order({ do: 'begin_login', binding: 'http-post' });
  const read = await idp.parseLoginRequest(sp, 'post', { body: posted.fields });
  expect('samlify verifies our posted AuthnRequest', read.extract.request.id === posted.id, read);
}

/** The same deflated message with another id in it. */
function redirectedAgain(message) {
  const xml = load('samlify').Utility.inflateString(message);
  return samlify.Utility.base64Encode(samlify.Utility.deflateString(xml.replace(/ ID="_?./, ' ID="_x')));
}

async function responses(ours) {
  const GCM = { dataEncryptionAlgorithm: 'http://www.w3.org/2009/xmlenc11#aes256-gcm', isAssertionEncrypted: true };
  const CBC = { dataEncryptionAlgorithm: 'http://www.w3.org/2001/04/xmlenc#aes256-cbc', isAssertionEncrypted: true };
  const OAEP = { keyEncryptionAlgorithm: 'http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p' };
  const signedBy = (name) => ({ requestSignatureAlgorithm: name });
  const shapes = [
    { what: 'assertion signed' },
    { what: 'assertion signed with SHA-512', idp: signedBy('http://www.w3.org/2001/04/xmldsig-more#rsa-sha512') },
    { what: 'assertion signed with RSA-PSS', idp: signedBy('http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1'), lacking: 'xmlsec' },
    { what: 'response signed', sp: { wantMessageSigned: true }, own: { want_assertions_signed: false } },
    { what: 'both signed', sp: { wantMessageSigned: true } },
    { what: 'signed, then encrypted', idp: { ...GCM, ...OAEP } },
    { what: 'encrypted, then the response signed', idp: { ...CBC, ...OAEP }, sp: { wantMessageSigned: true }, encryptThenSign: true },
  ];
  for (const { what, idp: ofIdp, sp: ofSp, own, encryptThenSign, lacking } of shapes) {
    const idp = provider(ofIdp);
    await ours.start(idp.getMetadata(), { want_assertions_signed: true, ...own });
    const sp = consumer(await ours.metadata(), ofSp);
    const begin = async () => {
      const { url } = await ours.order({ do: 'begin_login', binding: 'http-redirect' });
      return idp.parseLoginRequest(sp, 'redirect', redirected(url));
    };
    const response = await respond(idp, sp, await begin(), encryptThenSign);
    await expectTamperingRefused(ours, what, response);
    await ours.expectLogin(what, response, lacking);
    const request = await begin();
    await ours.expectRefused(`${what}, the answer to another request`, response, lacking ? undefined : ['RSP-06']);
    const impostor = provider(ofIdp, keys.foreign);
    await ours.expectRefused(`${what}, by another key`, await respond(impostor, sp, request, encryptThenSign), lacking ? undefined : ['SIG-07']);
  }
  const idp = provider(signedBy('http://www.w3.org/2000/09/xmldsig#rsa-sha1'));
  await ours.start(idp.getMetadata(), { want_assertions_signed: true });
  const sp = consumer(await ours.metadata());
  const { url } = await ours.order({ do: 'begin_login', binding: 'http-redirect' });
  const weak = await respond(idp, sp, await idp.parseLoginRequest(sp, 'redirect', redirected(url)));
  await ours.expectRefused('signed with SHA-1', weak, ['SIG-06']);
}

async function logout(ours) {
  const idp = provider();
  await ours.start(idp.getMetadata(), { want_assertions_signed: true });
  const sp = consumer(await ours.metadata());
  const { url } = await ours.order({ do: 'begin_login', binding: 'http-redirect' });
  const request = await idp.parseLoginRequest(sp, 'redirect', redirected(url));
  await ours.expectLogin('a login to end', await respond(idp, sp, request));

  for (const binding of ['redirect', 'post']) {
    const sent = await ours.order({ do: 'begin_logout', binding: `http-${binding}`, relay_state: 'bye' });
    const came = binding === 'redirect' ? redirected(sent.url) : { body: sent.fields };
    const read = await idp.parseLogoutRequest(sp, binding, came);
    const named = read.extract.nameID === PERSON.nameId && read.extract.sessionIndex === SESSION;
    expect(`samlify verifies our LogoutRequest by ${binding}`, named, read.extract);
    const answer = idp.createLogoutResponse(sp, read, binding, 'bye');
    const order = (message) =>
      binding === 'redirect'
        ? { do: 'accept_logout', query: redirected(message.context).raw }
        : { do: 'accept_logout', body: form({ SAMLResponse: message.context }) };
    const { verdicts } = await ours.order(order(answer));
    expect('we verify its LogoutResponse', verdicts.every(({ outcome }) => outcome === 'success'), verdicts);
    const again = await ours.order(order(provider({}, keys.foreign).createLogoutResponse(sp, read, binding, 'bye')));
    expect('but not by another key', again.verdicts.every(({ refused }) => refused), again);
  }
  for (const binding of ['redirect', 'post']) {
    const user = { logoutNameID: PERSON.nameId, sessionIndex: SESSION };
    const order = (message, change = (raw) => raw) =>
      binding === 'redirect'
        ? { do: 'accept_logout', query: change(redirected(message.context).raw) }
        : { do: 'accept_logout', body: form({ SAMLRequest: message.context, RelayState: 'theirs' }) };
    const wish = idp.createLogoutRequest(sp, binding, user, 'theirs');
    const { verdicts, answer } = await ours.order(order(wish));
    const good = verdicts.every(({ ends_session, relay_state }) => ends_session && relay_state === 'theirs');
    expect(`we verify samlify's LogoutRequest by ${binding}`, good, verdicts);
    const came = answer.url ? redirected(answer.url) : { body: answer.fields };
    const read = await idp.parseLogoutResponse(sp, answer.url ? 'redirect' : 'post', came);
    expect('and it our LogoutResponse', read.extract.response.inResponseTo === wish.id, read.extract);
    const forged = await ours.order(order(provider({}, keys.foreign).createLogoutRequest(sp, binding, user, 'theirs')));
    expect('but not by another key', forged.verdicts.every(({ refused }) => refused), forged);
    if (binding === 'redirect') {
      const other = await ours.order(order(wish, (raw) => altered(raw, 'RelayState', () => 'other')));
      expect('nor with another RelayState', other.verdicts.every(({ refused }) => refused), other);
    }
  }
}

const ours = new ServiceProvider();
await requests(ours);
await responses(ours);
await logout(ours);
ours.end();
