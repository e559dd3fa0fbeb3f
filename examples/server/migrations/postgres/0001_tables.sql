-- The tenant leads every key and index, so that a partitioned database keeps a tenant on one node.
-- Instants are milliseconds since 1970. Columns ending in `body` hold JSON.
-- Text has the collation "C": it compares and sorts by its bytes, whatever the locale of the database.

CREATE TABLE settings (
    name TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    value TEXT COLLATE "C" NOT NULL
);

CREATE TABLE tenants (
    tenant_id TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    profile TEXT COLLATE "C" NOT NULL,
    body TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    version BIGINT NOT NULL
);

-- The key pairs of our service providers; the private key is sealed with the installation's key.
CREATE TABLE sp_keys (
    tenant_id TEXT COLLATE "C" NOT NULL REFERENCES tenants (tenant_id),
    key_id TEXT COLLATE "C" NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    certificate TEXT COLLATE "C" NOT NULL,
    sealed_key BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    -- When a `next` key begins to sign; when a `retired` one left the metadata.
    signs_from BIGINT,
    retired_at BIGINT,
    PRIMARY KEY (tenant_id, key_id)
);

CREATE TABLE saml_connections (
    tenant_id TEXT COLLATE "C" NOT NULL REFERENCES tenants (tenant_id),
    connection_id TEXT COLLATE "C" NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    generation BIGINT NOT NULL,
    body TEXT NOT NULL,
    idp_body TEXT NOT NULL,
    version BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, connection_id)
);

-- Where a provider's metadata is read again from. `due_at` is moved on by the node that reads it, before it reads.
CREATE TABLE metadata_sources (
    tenant_id TEXT COLLATE "C" NOT NULL,
    connection_id TEXT COLLATE "C" NOT NULL,
    url TEXT COLLATE "C" NOT NULL,
    due_at BIGINT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (tenant_id, connection_id),
    FOREIGN KEY (tenant_id, connection_id) REFERENCES saml_connections (tenant_id, connection_id) ON DELETE CASCADE
);
CREATE INDEX metadata_sources_due ON metadata_sources (due_at);

-- What a provider may come to be trusted by, once an admin has looked at it: at most one for a connection.
CREATE TABLE staged_metadata (
    tenant_id TEXT COLLATE "C" NOT NULL,
    connection_id TEXT COLLATE "C" NOT NULL,
    digest TEXT COLLATE "C" NOT NULL,
    body TEXT NOT NULL,
    staged_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, connection_id)
);

-- What became of logins, for the admins of a connection. Sealed, because it tells what a provider said of someone.
CREATE TABLE login_records (
    tenant_id TEXT COLLATE "C" NOT NULL,
    connection_id TEXT COLLATE "C" NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    at BIGINT NOT NULL,
    record_id TEXT COLLATE "C" NOT NULL,
    sealed BYTEA NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, connection_id, kind, record_id)
);
CREATE INDEX login_records_order ON login_records (tenant_id, connection_id, kind, at);
CREATE INDEX login_records_expiry ON login_records (expires_at);

-- Where each claimed domain stands; the claim itself is in the tenant's body. Verified for one tenant at most.
CREATE TABLE domain_claims (
    tenant_id TEXT COLLATE "C" NOT NULL REFERENCES tenants (tenant_id),
    domain TEXT COLLATE "C" NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    check_at BIGINT,
    PRIMARY KEY (tenant_id, domain)
);
CREATE UNIQUE INDEX domain_claims_verified ON domain_claims (domain) WHERE state = 'verified';
CREATE INDEX domain_claims_due ON domain_claims (check_at) WHERE check_at IS NOT NULL;

-- What a tenant shall publish in the DNS of a domain, sealed: who knows it could claim the domain for this tenant.
CREATE TABLE domain_records (
    tenant_id TEXT COLLATE "C" NOT NULL REFERENCES tenants (tenant_id),
    domain TEXT COLLATE "C" NOT NULL,
    sealed BYTEA NOT NULL,
    PRIMARY KEY (tenant_id, domain)
);

CREATE TABLE scim_connections (
    tenant_id TEXT COLLATE "C" NOT NULL REFERENCES tenants (tenant_id),
    connection_id TEXT COLLATE "C" NOT NULL,
    state TEXT COLLATE "C" NOT NULL,
    body TEXT NOT NULL,
    version BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, connection_id)
);

CREATE TABLE scim_tokens (
    tenant_id TEXT COLLATE "C" NOT NULL REFERENCES tenants (tenant_id),
    token_id TEXT COLLATE "C" NOT NULL,
    connection_id TEXT COLLATE "C" NOT NULL,
    slot BIGINT NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    body TEXT NOT NULL,
    ended_at BIGINT,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, token_id)
);
CREATE UNIQUE INDEX scim_tokens_slot ON scim_tokens (tenant_id, connection_id, slot) WHERE ended_at IS NULL;

CREATE TABLE persons (
    tenant_id TEXT COLLATE "C" NOT NULL REFERENCES tenants (tenant_id),
    person_id TEXT COLLATE "C" NOT NULL,
    email_fold TEXT COLLATE "C",
    state TEXT COLLATE "C" NOT NULL,
    is_admin BIGINT NOT NULL,
    epoch BIGINT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (tenant_id, person_id)
);
CREATE INDEX persons_admins ON persons (tenant_id, state) WHERE is_admin = 1;
CREATE INDEX persons_email ON persons (tenant_id, email_fold) WHERE email_fold IS NOT NULL;

CREATE TABLE links (
    tenant_id TEXT COLLATE "C" NOT NULL,
    connection_id TEXT COLLATE "C" NOT NULL,
    subject_key TEXT COLLATE "C" NOT NULL,
    subject_fold TEXT COLLATE "C" NOT NULL,
    person_id TEXT COLLATE "C" NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (tenant_id, connection_id, subject_key),
    FOREIGN KEY (tenant_id, person_id) REFERENCES persons (tenant_id, person_id) ON DELETE CASCADE
);
CREATE INDEX links_subject ON links (tenant_id, connection_id, subject_fold);
CREATE UNIQUE INDEX links_person ON links (tenant_id, connection_id, person_id);

-- What the directories say of people, in plain values; kept after a removal, so that a late login finds no gap.
CREATE TABLE directory_people (
    tenant_id TEXT COLLATE "C" NOT NULL,
    person_id TEXT COLLATE "C" NOT NULL,
    connection_id TEXT COLLATE "C" NOT NULL,
    external_id TEXT COLLATE "C",
    user_name_fold TEXT COLLATE "C" NOT NULL,
    email_fold TEXT COLLATE "C",
    body TEXT NOT NULL,
    PRIMARY KEY (tenant_id, person_id),
    FOREIGN KEY (tenant_id, person_id) REFERENCES persons (tenant_id, person_id) ON DELETE CASCADE
);
CREATE INDEX directory_people_external ON directory_people (tenant_id, external_id) WHERE external_id IS NOT NULL;
CREATE INDEX directory_people_user_name ON directory_people (tenant_id, user_name_fold);
CREATE INDEX directory_people_email ON directory_people (tenant_id, email_fold) WHERE email_fold IS NOT NULL;

CREATE TABLE scim_resources (
    tenant_id TEXT COLLATE "C" NOT NULL REFERENCES tenants (tenant_id),
    resource_id TEXT COLLATE "C" NOT NULL,
    type TEXT COLLATE "C" NOT NULL,
    connection_id TEXT COLLATE "C" NOT NULL,
    user_name_fold TEXT COLLATE "C",
    external_id TEXT COLLATE "C",
    display TEXT COLLATE "C",
    display_fold TEXT COLLATE "C",
    person_id TEXT COLLATE "C",
    body TEXT NOT NULL,
    search JSONB NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    version BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, resource_id)
);
CREATE UNIQUE INDEX scim_resources_user_name ON scim_resources (tenant_id, type, user_name_fold)
    WHERE user_name_fold IS NOT NULL;
CREATE INDEX scim_resources_type ON scim_resources (tenant_id, type, created_at, resource_id);
-- The order of lists stands behind the value, so that looking a value up is never dearer than walking the list.
CREATE INDEX scim_resources_external ON scim_resources (tenant_id, type, external_id, created_at, resource_id)
    WHERE external_id IS NOT NULL;
CREATE INDEX scim_resources_display ON scim_resources (tenant_id, type, display_fold, created_at, resource_id)
    WHERE display_fold IS NOT NULL;
CREATE UNIQUE INDEX scim_resources_person ON scim_resources (tenant_id, person_id) WHERE person_id IS NOT NULL;

-- How many resources of a type a tenant has, kept as they come and go: no list counts a whole directory.
CREATE TABLE resource_counts (
    tenant_id TEXT COLLATE "C" NOT NULL REFERENCES tenants (tenant_id),
    type TEXT COLLATE "C" NOT NULL,
    total BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, type)
);

-- A side index over values of multi-valued attributes that clients look people up by.
CREATE TABLE resource_values (
    tenant_id TEXT COLLATE "C" NOT NULL,
    attribute TEXT COLLATE "C" NOT NULL,
    value_fold TEXT COLLATE "C" NOT NULL,
    resource_id TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (tenant_id, attribute, value_fold, resource_id),
    FOREIGN KEY (tenant_id, resource_id) REFERENCES scim_resources (tenant_id, resource_id) ON DELETE CASCADE
);
CREATE INDEX resource_values_resource ON resource_values (tenant_id, resource_id);

-- Values that no other resource of the type may have, besides userName.
CREATE TABLE unique_values (
    tenant_id TEXT COLLATE "C" NOT NULL,
    type TEXT COLLATE "C" NOT NULL,
    attribute TEXT COLLATE "C" NOT NULL,
    value_key TEXT COLLATE "C" NOT NULL,
    resource_id TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (tenant_id, type, attribute, value_key),
    FOREIGN KEY (tenant_id, resource_id) REFERENCES scim_resources (tenant_id, resource_id) ON DELETE CASCADE
);
CREATE INDEX unique_values_resource ON unique_values (tenant_id, resource_id);

-- Membership is a table: adding one member to a group of any size touches one row here.
CREATE TABLE group_members (
    tenant_id TEXT COLLATE "C" NOT NULL,
    group_id TEXT COLLATE "C" NOT NULL,
    member_id TEXT COLLATE "C" NOT NULL,
    display TEXT COLLATE "C",
    PRIMARY KEY (tenant_id, group_id, member_id),
    FOREIGN KEY (tenant_id, group_id) REFERENCES scim_resources (tenant_id, resource_id) ON DELETE CASCADE,
    FOREIGN KEY (tenant_id, member_id) REFERENCES scim_resources (tenant_id, resource_id) ON DELETE CASCADE
);
CREATE INDEX group_members_member ON group_members (tenant_id, member_id);

-- Logins and logouts that were begun and not yet answered.
CREATE TABLE pending (
    tenant_id TEXT COLLATE "C" NOT NULL,
    connection_id TEXT COLLATE "C" NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    request_id TEXT COLLATE "C" NOT NULL,
    browser_hash TEXT COLLATE "C",
    body TEXT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, connection_id, kind, request_id)
);
CREATE INDEX pending_expiry ON pending (expires_at);

CREATE TABLE replay_claims (
    tenant_id TEXT COLLATE "C" NOT NULL,
    connection_id TEXT COLLATE "C" NOT NULL,
    claim TEXT COLLATE "C" NOT NULL,
    forget_after BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, connection_id, claim)
);
CREATE INDEX replay_claims_expiry ON replay_claims (forget_after);

CREATE TABLE sessions (
    tenant_id TEXT COLLATE "C" NOT NULL,
    session_hash TEXT COLLATE "C" NOT NULL,
    person_id TEXT COLLATE "C" NOT NULL,
    connection_id TEXT COLLATE "C" NOT NULL,
    epoch BIGINT NOT NULL,
    subject TEXT COLLATE "C" NOT NULL,
    body TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    idle_until BIGINT NOT NULL,
    ends_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, session_hash),
    FOREIGN KEY (tenant_id, person_id) REFERENCES persons (tenant_id, person_id) ON DELETE CASCADE
);
CREATE INDEX sessions_person ON sessions (tenant_id, person_id);
CREATE INDEX sessions_subject ON sessions (tenant_id, connection_id, subject);
CREATE INDEX sessions_expiry ON sessions (ends_at);

-- Deactivations and removals by a directory: those of the last hour, and those that wait for someone's approval.
CREATE TABLE deactivations (
    tenant_id TEXT COLLATE "C" NOT NULL REFERENCES tenants (tenant_id),
    connection_id TEXT COLLATE "C" NOT NULL,
    person_id TEXT COLLATE "C" NOT NULL,
    at BIGINT NOT NULL,
    held BIGINT NOT NULL,
    forget_after BIGINT,
    PRIMARY KEY (tenant_id, connection_id, person_id, at)
);
CREATE INDEX deactivations_time ON deactivations (tenant_id, connection_id, at);
CREATE INDEX deactivations_held ON deactivations (tenant_id, person_id) WHERE held = 1;
CREATE INDEX deactivations_expiry ON deactivations (forget_after) WHERE forget_after IS NOT NULL;

-- Hooks of other systems: the secret is sealed with the installation's key; each event is heeded once.
CREATE TABLE hooks (
    tenant_id TEXT COLLATE "C" NOT NULL REFERENCES tenants (tenant_id),
    kind TEXT COLLATE "C" NOT NULL,
    sealed_secret BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, kind)
);

CREATE TABLE hook_events (
    tenant_id TEXT COLLATE "C" NOT NULL,
    kind TEXT COLLATE "C" NOT NULL,
    event_id TEXT COLLATE "C" NOT NULL,
    forget_after BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, kind, event_id)
);
CREATE INDEX hook_events_expiry ON hook_events (forget_after);

-- Logouts that may have overtaken the login of the same session.
CREATE TABLE logout_marks (
    tenant_id TEXT COLLATE "C" NOT NULL,
    connection_id TEXT COLLATE "C" NOT NULL,
    subject TEXT COLLATE "C" NOT NULL,
    mark_id TEXT COLLATE "C" NOT NULL,
    body TEXT NOT NULL,
    forget_after BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, connection_id, subject, mark_id)
);
CREATE INDEX logout_marks_expiry ON logout_marks (forget_after);

-- Reminders that were told; the whole reminder is the key.
CREATE TABLE reminders (
    tenant_id TEXT COLLATE "C" NOT NULL REFERENCES tenants (tenant_id),
    reminder TEXT COLLATE "C" NOT NULL,
    told_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, reminder)
);

-- What happened to users, for those who listen.
CREATE TABLE lifecycle_events (
    tenant_id TEXT COLLATE "C" NOT NULL REFERENCES tenants (tenant_id),
    at BIGINT NOT NULL,
    event_id TEXT COLLATE "C" NOT NULL,
    uri TEXT COLLATE "C" NOT NULL,
    body TEXT NOT NULL,
    forget_after BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, at, event_id)
);
CREATE INDEX lifecycle_events_uri ON lifecycle_events (tenant_id, uri, at);
CREATE INDEX lifecycle_events_expiry ON lifecycle_events (forget_after);

-- Hashes of passwords that directories keep in step, apart from everything that is read for an answer.
CREATE TABLE passwords (
    tenant_id TEXT COLLATE "C" NOT NULL,
    resource_id TEXT COLLATE "C" NOT NULL,
    hash TEXT COLLATE "C" NOT NULL,
    changed_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, resource_id),
    FOREIGN KEY (tenant_id, resource_id) REFERENCES scim_resources (tenant_id, resource_id) ON DELETE CASCADE
);

CREATE TABLE audit (
    tenant_id TEXT COLLATE "C" NOT NULL,
    at BIGINT NOT NULL,
    audit_id TEXT COLLATE "C" NOT NULL,
    action TEXT COLLATE "C" NOT NULL,
    actor TEXT COLLATE "C" NOT NULL,
    person_id TEXT COLLATE "C",
    body TEXT NOT NULL,
    PRIMARY KEY (tenant_id, at, audit_id)
);
CREATE INDEX audit_action ON audit (tenant_id, action, at, audit_id);
CREATE INDEX audit_actor ON audit (tenant_id, actor, at, audit_id);
CREATE INDEX audit_person ON audit (tenant_id, person_id, at, audit_id) WHERE person_id IS NOT NULL;

-- Accounts of the administration pages; an empty tenant_id is the operator's, who reaches all tenants.
CREATE TABLE admins (
    tenant_id TEXT COLLATE "C" NOT NULL,
    admin_id TEXT COLLATE "C" NOT NULL,
    email_fold TEXT COLLATE "C" NOT NULL,
    epoch BIGINT NOT NULL,
    body TEXT NOT NULL,
    password TEXT COLLATE "C",
    code_hash TEXT COLLATE "C",
    code_ends_at BIGINT,
    guesses_body TEXT,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, admin_id)
);
CREATE UNIQUE INDEX admins_email ON admins (tenant_id, email_fold);

CREATE TABLE admin_sessions (
    tenant_id TEXT COLLATE "C" NOT NULL,
    session_hash TEXT COLLATE "C" NOT NULL,
    admin_id TEXT COLLATE "C" NOT NULL,
    epoch BIGINT NOT NULL,
    facts_body TEXT,
    flash_body TEXT,
    created_at BIGINT NOT NULL,
    idle_until BIGINT NOT NULL,
    ends_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, session_hash),
    FOREIGN KEY (tenant_id, admin_id) REFERENCES admins (tenant_id, admin_id) ON DELETE CASCADE
);
CREATE INDEX admin_sessions_admin ON admin_sessions (tenant_id, admin_id);
CREATE INDEX admin_sessions_expiry ON admin_sessions (ends_at);

-- The second factor of emergency access: each works once.
CREATE TABLE emergency_codes (
    tenant_id TEXT COLLATE "C" NOT NULL,
    admin_id TEXT COLLATE "C" NOT NULL,
    code_hash TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (tenant_id, admin_id, code_hash),
    FOREIGN KEY (tenant_id, admin_id) REFERENCES admins (tenant_id, admin_id) ON DELETE CASCADE
);

-- Forms that may be sent once, such as those that make a secret.
CREATE TABLE admin_forms (
    tenant_id TEXT COLLATE "C" NOT NULL,
    session_hash TEXT COLLATE "C" NOT NULL,
    form TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (tenant_id, session_hash, form),
    FOREIGN KEY (tenant_id, session_hash) REFERENCES admin_sessions (tenant_id, session_hash) ON DELETE CASCADE
);

-- What concerns no tenant: accounts of the operator.
CREATE TABLE operator_audit (
    at BIGINT NOT NULL,
    audit_id TEXT COLLATE "C" NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (at, audit_id)
);

-- Which deviations from the standards a connection's client showed.
CREATE TABLE scim_quirks (
    tenant_id TEXT COLLATE "C" NOT NULL REFERENCES tenants (tenant_id),
    connection_id TEXT COLLATE "C" NOT NULL,
    quirk TEXT COLLATE "C" NOT NULL,
    uses BIGINT NOT NULL,
    first_seen BIGINT NOT NULL,
    last_seen BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, connection_id, quirk)
);

-- OAuth clients and the access tokens that they got. A token's slot is none of its connection's.
CREATE TABLE oauth_clients (
    tenant_id TEXT COLLATE "C" NOT NULL REFERENCES tenants (tenant_id),
    client_id TEXT COLLATE "C" NOT NULL,
    connection_id TEXT COLLATE "C" NOT NULL,
    body TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, client_id)
);

CREATE TABLE oauth_tokens (
    tenant_id TEXT COLLATE "C" NOT NULL,
    token_id TEXT COLLATE "C" NOT NULL,
    client_id TEXT COLLATE "C" NOT NULL,
    secret_slot BIGINT NOT NULL,
    body TEXT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, token_id),
    FOREIGN KEY (tenant_id, client_id) REFERENCES oauth_clients (tenant_id, client_id) ON DELETE CASCADE
);
CREATE INDEX oauth_tokens_client ON oauth_tokens (tenant_id, client_id);
CREATE INDEX oauth_tokens_expiry ON oauth_tokens (expires_at);
